package rollout

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// FuzzReadyExpression holds that whatever an annotation says is refused in one
// line or can be asked of any object, in one line, too.
func FuzzReadyExpression(f *testing.F) {
	for _, seed := range []string{"", "{}", "{.status.phase}=Running", "{.status.phase}", "{.status.conditions[?(@.type==\"Ready\")].status}=\"True\"",
		"{.a[0]}", "{.a[-1]}", "{.a[5:1]}", "{.a[*]}=1", "{..b}", "{range .a[*]}{.b}{end}", "{.a", "{.a}=", "{.a}==x", "{'a'}", "{@}", "{.a[?(@.b>1)]}", "{\n}=\n"} {
		for _, object := range []string{`{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}`, `{"a":[{"b":1},{"b":"x"},null],"status":null}`, "{}"} {
			f.Add(seed, object)
		}
	}
	f.Fuzz(func(t *testing.T, text, fields string) {
		var content map[string]any
		if utiljson.Unmarshal([]byte(fields), &content) != nil {
			t.Skip()
		}
		object := &unstructured.Unstructured{Object: map[string]any{"kind": "Job", "metadata": map[string]any{"name": "migrate"}}}
		object.SetAnnotations(map[string]string{readyAnnotation: text})
		if err := CheckAnnotations([]*unstructured.Unstructured{object}); err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		expression, err := expressionOf(object)
		require.NoError(t, err)
		expression.lacks(content)
	})
}
