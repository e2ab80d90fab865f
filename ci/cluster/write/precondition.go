package write

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// absent, as the resourceVersion of an apply, makes the API server refuse it when
// the object exists: no object ever has this version, for the first revision of the
// store is its own, and an apply that creates does not look at it.
const Absent = "1"

// AsRead returns the object with what the server shall compare before it writes it:
// the live object's uid and version, or that there is none. Outside a fence it
// returns the object as it is.
func AsRead(ctx context.Context, object, live *unstructured.Unstructured) *unstructured.Unstructured {
	if cluster.Fenced(ctx) == nil {
		return object
	}
	out := object.DeepCopy()
	if live == nil {
		out.SetResourceVersion(Absent)
		return out
	}
	out.SetUID(live.GetUID())
	out.SetResourceVersion(live.GetResourceVersion())
	return out
}

// Outdated reports whether the server refused a write because the object is no
// longer as it was read.
func Outdated(err error) bool { return apierrors.IsConflict(err) && managed.ConflictsOf(err) == nil }

// ReadAgain returns the live object, which is nil when there is none, after a write
// was refused as outdated. Asking for the lease first tells whose writes those are
// that came between: they are a controller's or a person's while the lease is ours.
func ReadAgain(ctx context.Context, c *cluster.Cluster, r cluster.Resource, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if lease := cluster.Fenced(ctx); lease != nil {
		if err := lease.Ask(ctx); err != nil {
			return nil, err
		}
	}
	return c.Get(ctx, r, object)
}

// SameEntry reports whether two records of our last apply are of the same apply.
func SameEntry(a, b *metav1.ManagedFieldsEntry) bool {
	return equality.Semantic.DeepEqual(a, b)
}
