package cluster

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
func (c *Cluster) giveBack(ctx context.Context, former *unstructured.Unstructured) (Ref, bool, error) {
	found, err := c.resource(ctx, former)
	if err != nil {
		return Ref{}, false, err
	}
	live, err := c.get(ctx, found, former)
	for changed := false; err == nil; live, err = c.readAgain(ctx, found, former) {
		if live != nil && live.GetDeletionTimestamp() != nil {
			if err := c.awaitGone(ctx, found, live); err != nil {
				return Ref{}, changed, err
			}
			live = nil
		}
		var valued *unstructured.Unstructured
		valued, err = c.putValues(ctx, found, former, live)
		if err == nil {
			changed = changed || live == nil || valued.GetResourceVersion() != live.GetResourceVersion()
			live = valued
			if entries := formerManagers(former, live); !sameManagers(entries, live.GetManagedFields()) {
				changed = true
				live, err = c.patchManagers(ctx, found, live, entries)
			}
		}
		if err == nil {
			c.wrote(live)
			return refOf(live), changed, nil
		}
		if !outdated(err) && !apierrors.IsAlreadyExists(err) {
			return Ref{}, changed, masked(fromAPI(ctx, describe(former), "give back", err), former)
		}
	}
	return Ref{}, false, err
}

// putValues writes the former values over the live object as it was read.
func (c *Cluster) putValues(ctx context.Context, r resource, former, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	wanted := former.DeepCopy()
	wanted.SetManagedFields(nil)
	client := c.in(r, former.GetNamespace())
	if live == nil {
		return client.Create(ctx, wanted, metav1.CreateOptions{FieldManager: undoManager})
	}
	annotations := wanted.GetAnnotations()
	if revision, counted := live.GetAnnotations()[revisionAnnotation]; counted {
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[revisionAnnotation] = revision
		wanted.SetAnnotations(annotations)
	}
	if same(wanted, live) && wanted.GetLabels()[LabelRun] == live.GetLabels()[LabelRun] {
		return live, nil
	}
	wanted.SetUID(live.GetUID())
	wanted.SetResourceVersion(live.GetResourceVersion())
	return client.Update(ctx, wanted, metav1.UpdateOptions{FieldManager: undoManager})
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
		return !slices.ContainsFunc(b, func(other metav1.ManagedFieldsEntry) bool { return sameEntry(&entry, &other) })
	})
}
