package apply

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

// dryRunAll is the number of objects up to which each one that is to be written
// is dry-run. Beyond it one of each shape is, so that a deploy of hundreds does
// not cost two requests an object; what only the others' values bring to light is
// then found by the write itself and undone.
const dryRunAll = 50

// toDryRun returns the objects to dry-run before any of them is written. Those at which
// others have a hand are all among them: each of their conflicts is to be said; and so
// are Jobs that exist: only a dry run tells whether one must be made anew.
func toDryRun(plan []*Planned) []*Planned {
	if len(plan) <= dryRunAll {
		return plan
	}
	var out []*Planned
	seen := map[string]bool{}
	for _, p := range plan {
		if s := shape(p); !seen[s] || p.Live != nil && (othersHand(p.Live) || rollout.IsJob(p.Live)) {
			seen[s] = true
			out = append(out, p)
		}
	}
	return out
}

// shape is what the server's verdict on a write depends on, values aside: the
// kind, the namespace, whether the object is new, and the fields to be written.
func shape(p *Planned) string {
	paths := map[string]bool{}
	var before any
	if p.Live != nil {
		before = managed.Content(managed.OwnedFields(p.Live))
	}
	differing(before, managed.Content(p.Object), "", paths)
	parts := slices.Sorted(maps.Keys(paths))
	return fmt.Sprint(p.Object.GroupVersionKind(), p.Object.GetNamespace(), p.Live == nil, strings.Join(parts, " "))
}

// free are the maps whose keys are the user's own: another key is no other shape.
var free = []string{".data", ".stringData", ".binaryData", "labels", "annotations", "matchLabels", "selector"}

// differing collects the paths at which two values differ.
func differing(before, after any, path string, into map[string]bool) {
	if equality.Semantic.DeepEqual(before, after) {
		return
	}
	if slices.ContainsFunc(free, func(end string) bool { return strings.HasSuffix(path, end) }) {
		into[path] = true
		return
	}
	switch after := after.(type) {
	case map[string]any:
		former, _ := before.(map[string]any)
		for key := range union(former, after) {
			differing(former[key], after[key], path+"."+key, into)
		}
	case []any:
		former, _ := before.([]any)
		for i := range max(len(former), len(after)) {
			differing(at(former, i), at(after, i), path+"[]", into)
		}
	default:
		into[path] = true
	}
}

func union(a, b map[string]any) map[string]bool {
	keys := map[string]bool{}
	for key := range a {
		keys[key] = true
	}
	for key := range b {
		keys[key] = true
	}
	return keys
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// othersHand reports whether fields of the object are somebody else's than ours and
// those controllers'.
func othersHand(live *unstructured.Unstructured) bool {
	return slices.ContainsFunc(live.GetManagedFields(), mayTake)
}
