package apply

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// Compare returns how the objects of two releases differ, as they were rendered: what a
// deploy of the later one over the former would set, by whichever cluster. Values of
// Secrets are hidden in it, wherever they stand.
func Compare(former, later []*unstructured.Unstructured) []Preview {
	hide := hiding(managed.SecretValues(slices.Concat(former, later)))
	before := map[managed.Key]*unstructured.Unstructured{}
	for _, object := range former {
		before[managed.KeyOf(object)] = object
	}
	out := []Preview{}
	for _, object := range later {
		was := before[managed.KeyOf(object)]
		delete(before, managed.KeyOf(object))
		preview, s := Preview{Change: write.ChangeOf(object, write.Created)}, states{after: nameless(textsAsData(object))}
		if was != nil {
			preview.Action, s.before = write.Configured, nameless(textsAsData(was))
		}
		preview.show(s, hide(object))
		if len(preview.Fields) == 0 {
			preview.Action = write.Unchanged
		}
		out = append(out, preview)
	}
	for _, object := range former {
		if before[managed.KeyOf(object)] == nil {
			continue
		}
		preview := Preview{Change: write.ChangeOf(object, write.Deleted)}
		preview.show(states{before: nameless(textsAsData(object))}, hide(object))
		out = append(out, preview)
	}
	return out
}
