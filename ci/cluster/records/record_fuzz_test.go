package records

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	_, err := zip.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	return out.Bytes()
}

// requireUsable fails where acting on an object of a record would not end in an
// error but in a crash or in a request without a name.
func requireUsable(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	for _, object := range objects {
		require.NotNil(t, object)
		require.NotEmpty(t, object.GetKind())
		require.NotEmpty(t, object.GetName())
	}
	managed.Order(objects)
	managed.Waves(objects)
	managed.SecretValues(objects)
}

// FuzzReadUndo holds that a damaged undo record is refused or can be acted on, and
// that what was written is read back.
func FuzzReadUndo(f *testing.F) {
	for _, seed := range []string{`{"namespace":"shop","run":"one","created":[{"apiVersion":"v1","kind":"Service","name":"api"}],"claims":null}`, "", "null", "[]", "{}", `{"created":[null]}`, `{"time":"x"}`} {
		for _, former := range []string{`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}]}`, "", "null", `{"items":[null]}`, `{"items":[{}]}`, `{"items":{}}`} {
			f.Add(seed, former, true)
		}
	}
	f.Add("\x1f\x8b", "", false)
	f.Fuzz(func(t *testing.T, undo, former string, zip bool) {
		data := map[string][]byte{undoField: []byte(undo), fieldsBack: []byte(former)}
		if zip {
			data = map[string][]byte{undoField: zipped(t, undo), fieldsBack: zipped(t, former)}
		}
		read, err := readUndo(data)
		if err != nil {
			return
		}
		requireUsable(t, read.Former)
		require.NotEmpty(t, read.ByHand())
		packed, err := pack(read)
		require.NoError(t, err)
		data[undoField] = packed
		again, err := readUndo(data)
		require.NoError(t, err)
		require.True(t, read.Time.Equal(again.Time))
		again.Time, again.Deploy = read.Time, read.Deploy
		require.Equal(t, read, again)
	})
}

// FuzzReadRelease holds the same of a release's record.
func FuzzReadRelease(f *testing.F) {
	for _, seed := range []string{`{"version":"1","run":"one","objects":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"n":"1"}}],"refs":null}`, "", "null", "{}", `{"objects":[null]}`, `{"objects":[{}]}`, `{"objects":[{"kind":"Secret","data":[]}]}`} {
		f.Add(seed, true)
	}
	f.Add("\x1f\x8b\x08", false)
	f.Fuzz(func(t *testing.T, text string, zip bool) {
		packed := []byte(text)
		if zip {
			packed = zipped(t, text)
		}
		read, err := readRelease(packed)
		if err == nil {
			requireUsable(t, read.Objects)
		}
	})
}

// FuzzCheckAnnotations holds that what is taken puts the object into a wave, and
// that everything else is refused in one line.
func FuzzCheckAnnotations(f *testing.F) {
	for _, seed := range []string{"", "0", "-1", "+1", "1.5", "1e3", "007", "99999999999999999999", " 1", "1\n2", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, wave string) {
		object := &unstructured.Unstructured{Object: map[string]any{"kind": "Job", "metadata": map[string]any{"name": "migrate"}}}
		object.SetAnnotations(map[string]string{managed.WaveAnnotation: wave})
		objects := []*unstructured.Unstructured{object, {Object: map[string]any{"kind": "Service"}}}
		if err := rollout.CheckAnnotations(objects); err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		total := 0
		for _, group := range managed.Waves(objects) {
			total += len(group)
		}
		require.Equal(t, 2, total)
	})
}
