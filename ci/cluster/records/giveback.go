package records

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// asTaken is the object as it is recorded before its fields are taken over: all that
// somebody wrote, and who.
func asTaken(live *unstructured.Unstructured) *unstructured.Unstructured {
	out := live.DeepCopy()
	unstructured.RemoveNestedField(out.Object, "status")
	for _, field := range []string{"resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	return out
}

// giveBack gives an object back to those from whom its fields were taken over: its
// values first, then the record of who has set them, which the server would otherwise
// write in our name. It reports whether anything changed.
func giveBack(ctx context.Context, c *cluster.Cluster, former *unstructured.Unstructured) (managed.Ref, bool, error) {
	found, err := c.Resource(ctx, former)
	if err != nil {
		return managed.Ref{}, false, err
	}
	live, err := c.Get(ctx, found, former)
	for changed := false; err == nil; live, err = write.ReadAgain(ctx, c, found, former) {
		if live != nil && live.GetDeletionTimestamp() != nil {
			if err := write.AwaitGone(ctx, c, found, live); err != nil {
				return managed.Ref{}, changed, err
			}
			live = nil
		}
		var valued *unstructured.Unstructured
		valued, err = putValues(ctx, c, found, former, live)
		if err == nil {
			changed = changed || live == nil || valued.GetResourceVersion() != live.GetResourceVersion()
			live = valued
			if entries := formerManagers(former, live); !sameManagers(entries, live.GetManagedFields()) {
				changed = true
				live, err = write.PatchManagers(ctx, c, found, live, entries)
			}
		}
		if err == nil {
			c.Wrote(live)
			return managed.RefOf(live), changed, nil
		}
		if !write.Outdated(err) && !apierrors.IsAlreadyExists(err) {
			return managed.Ref{}, changed, cluster.Masked(cluster.FromAPI(ctx, managed.Describe(former), "give back", err), former)
		}
	}
	return managed.Ref{}, false, err
}

// putValues writes the former values over the live object as it was read.
func putValues(ctx context.Context, c *cluster.Cluster, r cluster.Resource, former, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	wanted := former.DeepCopy()
	wanted.SetManagedFields(nil)
	client := c.In(r, former.GetNamespace())
	if live == nil {
		return client.Create(ctx, wanted, metav1.CreateOptions{FieldManager: managed.UndoManager})
	}
	annotations := wanted.GetAnnotations()
	if revision, counted := live.GetAnnotations()[rollout.RevisionAnnotation]; counted {
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[rollout.RevisionAnnotation] = revision
		wanted.SetAnnotations(annotations)
	}
	if managed.Same(wanted, live) && wanted.GetLabels()[managed.LabelRun] == live.GetLabels()[managed.LabelRun] {
		return live, nil
	}
	wanted.SetUID(live.GetUID())
	wanted.SetResourceVersion(live.GetResourceVersion())
	return client.Update(ctx, wanted, metav1.UpdateOptions{FieldManager: managed.UndoManager})
}

// formerManagers is the former record of who set what; the status is as others have
// written it since.
func formerManagers(former, live *unstructured.Unstructured) []metav1.ManagedFieldsEntry {
	status := func(entry metav1.ManagedFieldsEntry) bool { return entry.Subresource == "status" }
	out := slices.DeleteFunc(former.GetManagedFields(), status)
	for _, entry := range live.GetManagedFields() {
		if status(entry) {
			out = append(out, entry)
		}
	}
	return out
}

func sameManagers(a, b []metav1.ManagedFieldsEntry) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(entry metav1.ManagedFieldsEntry) bool {
		return !slices.ContainsFunc(b, func(other metav1.ManagedFieldsEntry) bool { return write.SameEntry(&entry, &other) })
	})
}
