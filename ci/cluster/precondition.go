package cluster

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// absent, as the resourceVersion of an apply, makes the API server refuse it when
// the object exists: no object ever has this version, for the first revision of the
// store is its own, and an apply that creates does not look at it.
const absent = "1"

// asRead returns the object with what the server shall compare before it writes it:
// the live object's uid and version, or that there is none. Outside a fence it
// returns the object as it is.
func asRead(ctx context.Context, object, live *unstructured.Unstructured) *unstructured.Unstructured {
	if fenced(ctx) == nil {
		return object
	}
	out := object.DeepCopy()
	if live == nil {
		out.SetResourceVersion(absent)
		return out
	}
	out.SetUID(live.GetUID())
	out.SetResourceVersion(live.GetResourceVersion())
	return out
}

// outdated reports whether the server refused a write because the object is no
// longer as it was read.
func outdated(err error) bool { return apierrors.IsConflict(err) && conflictsOf(err) == nil }

// readAgain returns the live object, which is nil when there is none, after a write
// was refused as outdated. Asking for the lease first tells whose writes those are
// that came between: they are a controller's or a person's while the lease is ours.
func (c *Cluster) readAgain(ctx context.Context, r resource, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if lease := fenced(ctx); lease != nil {
		if err := lease.Ask(ctx); err != nil {
			return nil, err
		}
	}
	return c.get(ctx, r, object)
}

// followUp looks at an object that is no longer as the plan saw it. Where only
// others' fields have changed, a status for example, the plan still holds, and the
// object is written again as it is now. It reports whether it is as wanted already:
// a write whose answer was lost is repeated, and finds itself.
func (c *Cluster) followUp(ctx context.Context, p *planned) (done bool, err error) {
	live, err := c.readAgain(ctx, p.resource, p.object)
	if err != nil {
		return false, err
	}
	refused := func(cause string) error {
		return &Error{Class: Admission, Object: describe(p.object), Cause: cause, Try: "look who did it: kubectl get -o yaml --show-managed-fields; then start again"}
	}
	switch {
	case live != nil && asApplied(live, p.object) && live.GetLabels()[LabelRun] == p.object.GetLabels()[LabelRun]:
		p.live = live
		return true, nil
	case p.live == nil && live != nil:
		return false, refused("was created by somebody else since this was planned")
	case p.live != nil && (live == nil || live.GetUID() != p.live.GetUID()):
		return false, refused("was deleted by somebody else since this was planned")
	case live != nil && !sameEntry(applied(live), applied(p.live)):
		return false, refused("was written as " + FieldManager + " by somebody else since this was planned")
	}
	p.live, p.force = live, false
	return false, nil
}

// sameEntry reports whether two records of our last apply are of the same apply.
func sameEntry(a, b *metav1.ManagedFieldsEntry) bool {
	return equality.Semantic.DeepEqual(a, b)
}
