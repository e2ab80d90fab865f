package apply

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// holding is an object whose fields are all ours.
func holding(kind string, content map[string]any) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: content}
	object.SetAPIVersion("v1")
	object.SetKind(kind)
	object.SetName("a")
	fields := map[string]any{}
	for name := range content {
		if name == "data" || name == "stringData" || name == "spec" {
			fields["f:"+name] = map[string]any{}
		}
	}
	raw, _ := json.Marshal(fields)
	object.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: managed.FieldManager, Operation: "Apply", APIVersion: "v1", FieldsV1: metav1.NewFieldsV1(string(raw))}})
	return object
}

// planWith is a plan that changes a Secret and what quotes it, or creates them
// where nothing is before.
func planWith(before, after string) *Plan {
	states := func(value string) []*unstructured.Unstructured {
		encoded := base64.StdEncoding.EncodeToString([]byte(value))
		return []*unstructured.Unstructured{
			holding("Secret", map[string]any{"data": map[string]any{"key": encoded}}),
			holding("Secret", map[string]any{"stringData": map[string]any{"key": value}}),
			holding("ConfigMap", map[string]any{"data": map[string]any{"is": value, "encoded": encoded, "within": "it is " + value + " today", "file": "one\n  at: " + value + "\nthree\n"}}),
			holding("Thing", map[string]any{"spec": map[string]any{"args": []any{"--at", "--at=" + value}, "items": []any{map[string]any{"name": "n", "value": value}}}}),
		}
	}
	plan := &Plan{}
	now := states(after)
	for i, former := range states(before) {
		planned := &Planned{Object: now[i], Live: former, foreseen: now[i], Change: write.ChangeOf(now[i], write.Configured)}
		if i == 1 { // what was not dry-run
			planned.Live, planned.foreseen, planned.Change.Action = nil, nil, write.Created
		}
		plan.Objects = append(plan.Objects, planned)
	}
	plan.Pruned = states(before)
	return plan
}

// visibleOf is all that anybody can see of a plan.
func visibleOf(t *testing.T, plan *Plan) string {
	t.Helper()
	var out strings.Builder
	for _, preview := range plan.Preview() {
		out.WriteString(clustertest.Shown(preview.Hunks) + clustertest.Shown(preview.Labels) + preview.Note)
		for _, field := range preview.Fields {
			for _, value := range []any{field.From, field.To, field.Left} {
				text, err := json.Marshal(value)
				require.NoError(t, err)
				out.WriteString(field.Path + string(text) + "\n")
				list, _ := value.([]any)
				for _, value := range append(list, value) { // as it is before JSON quotes it
					text, _ := value.(string)
					out.WriteString(text + "\n")
				}
			}
		}
	}
	return out.String()
}

// FuzzPreview holds that a plan shows that a Secret's value changes, and nothing of
// the values, wherever they stand.
func FuzzPreview(f *testing.F) {
	for _, seed := range []string{"correct-horse", "line one\nline two", "ab\ncd\nef", "a\"b\\c", " padded ", "1234", "true", "null", "- a: b", "aaaaa", "日本語の鍵", "\x00\x01\x02\x03", "key: |\n  x\n", "\nabc\n"} {
		f.Add(seed, "battery-staple")
		f.Add("battery-staple", seed)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		other := visibleOf(t, planWith("????", "!!!!"))
		for _, value := range []string{before, after} {
			if len(strings.TrimSpace(value)) < 4 || strings.Contains(value, "*") || !utf8.ValidString(value) {
				t.Skip() // too short to hide; what hides; what no object holds
			}
			if strings.Contains(other, strings.TrimSpace(value)) {
				t.Skip() // stands there anyway
			}
		}
		plan := planWith(before, after)
		seen := visibleOf(t, plan)
		for _, value := range []string{before, after} {
			quoted := strconv.Quote(value)
			for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), quoted[1 : len(quoted)-1]} {
				require.NotContains(t, seen, form)
			}
		}
		for i, preview := range plan.Preview()[:4] {
			require.Equal(t, before != after || i == 1, len(preview.Fields) > 0, preview.Kind)
			require.Equal(t, before != after || i == 1, len(preview.Hunks) > 0, preview.Kind)
		}
	})
}
