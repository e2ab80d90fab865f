package managed_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// FuzzOwnedFields holds that whatever a server says we own, nothing comes out
// that is not in the object, or that no apply may hold; and that all of an object
// comes out where all of it is ours.
func FuzzOwnedFields(f *testing.F) {
	for _, object := range []string{
		`{"spec":{"ports":[{"port":80,"protocol":"TCP","name":"http"},{"port":81,"protocol":"TCP","name":"admin"}],"selector":{"app":"api"}}}`,
		`{"data":{"a":"1","b.c/d":"2","f:x":"3"}}`, `{"spec":{"finalizers":["a","b"],"empty":{},"none":[],"null":null,"deep":[[1,2],[3]]}}`,
		`{"a":1.5,"b":-0,"c":1e3,"d":true,"e":9223372036854775807}`, `{"metadata":{"name":"other","labels":{"x":"y"}}}`, `{"spec":[null,{}]}`,
	} {
		for _, fields := range []string{clustertest.OwnedByUs, "{}", "null", "[]", `{"f:spec":{}}`, `{"f:spec":{".":{}}}`, `{"f:spec":1}`, `{"k:{":{}}`, `{"f:data":{"f:a":{},"f:":{}}}`,
			`{"f:spec":{"f:finalizers":{".":{},"v:\"a\"":{}}}}`, `{"f:spec":{"k:{}":{},"v:null":{},"i:0":{}}}`} {
			f.Add(object, fields)
		}
	}
	f.Fuzz(func(t *testing.T, text, fields string) {
		var content map[string]any
		if utiljson.Unmarshal([]byte(text), &content) != nil || content == nil || !json.Valid([]byte(fields)) {
			t.Skip()
		}
		object := &unstructured.Unstructured{Object: content}
		if _, ok := content["metadata"].(map[string]any); !ok {
			delete(content, "metadata")
		}
		object.SetAPIVersion("v1")
		object.SetKind("Service")
		object.SetName("api")
		asOwned := func(live *unstructured.Unstructured, fields string) *unstructured.Unstructured {
			live = live.DeepCopy()
			live.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: managed.FieldManager, Operation: "Apply", APIVersion: "v1", FieldsV1: metav1.NewFieldsV1(fields)}})
			return managed.OwnedFields(live)
		}
		kept := asOwned(object, fields)
		requireWithin(t, object.Object, kept.Object)
		require.Empty(t, kept.GetManagedFields())
		set, known := allOf(object.Object)
		if known {
			all, err := json.Marshal(set)
			require.NoError(t, err)
			require.Equal(t, object.Object, asOwned(object, string(all)).Object)
		}
	})
}

// requireWithin fails where part holds what whole does not.
func requireWithin(t *testing.T, whole, part any) {
	t.Helper()
	switch part := part.(type) {
	case map[string]any:
		fields, ok := whole.(map[string]any)
		require.True(t, ok, "%v in %v", part, whole)
		for key, value := range part {
			require.Contains(t, fields, key)
			requireWithin(t, fields[key], value)
		}
	case []any:
		items, ok := whole.([]any)
		require.True(t, ok, "%v in %v", part, whole)
		require.LessOrEqual(t, len(part), len(items))
	default:
		require.Equal(t, whole, part)
	}
}

// allOf writes a value as the FieldsV1 set of all of it: what is no scalar and
// not known by a key is atomic. Nulls, and lists that hold one, are no part of
// what a server stores: then nothing is known.
func allOf(value any) (map[string]any, bool) {
	set := map[string]any{}
	fields, ok := value.(map[string]any)
	if !ok || len(fields) == 0 {
		return set, value != nil
	}
	set["."] = map[string]any{}
	for name, value := range fields {
		below, known := allOf(value)
		if !known || strings.Contains(name, "\ufffd") { // no JSON says the same byte twice
			return nil, false
		}
		set["f:"+name] = below
	}
	return set, true
}
