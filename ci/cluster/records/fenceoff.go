package records

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// labelFence is on an object for a moment only, see FenceOff. An annotation would
// count as a change of a Deployment's spec.
const labelFence = "slipway.dev/fence"

// FenceOff gives each object that the record of another run leads back a new
// version, and changes nothing else. That run is taken for dead, but it may only
// have been stopped in the middle of a request; when that arrives after all, the
// version that it carries is no longer the object's, and the server refuses it.
func FenceOff(ctx context.Context, c *cluster.Cluster, u UndoRecord) error {
	var group errgroup.Group
	group.SetLimit(cluster.Parallel)
	for _, object := range slices.Concat(u.Former, u.Taken) {
		group.Go(func() error { return touch(ctx, c, object) })
	}
	for _, ref := range u.Ended {
		group.Go(func() error { return touch(ctx, c, ref.Object()) })
	}
	return group.Wait()
}

// OutlivedBy returns the release that a run made which had the lock later, or nil.
// That run has put back what the record says, and the record was written, by a
// request that was under way, when its own run had lost production already.
func (u UndoRecord) OutlivedBy(releases []Release) *Release {
	later := slices.IndexFunc(releases, func(r Release) bool { return u.Number > 0 && r.Number > u.Number })
	if later < 0 {
		return nil
	}
	return &releases[later]
}

// Awaited names what the run of a record may create even after it was undone: a
// request that creates what is not there carries nothing that a later write could
// outdate. A release that has these among its Refs leads the next one to prune them.
func (u UndoRecord) Awaited() []managed.Ref {
	var out []managed.Ref
	for _, ref := range slices.Concat(u.Created, u.Ended) {
		ref.UID, ref.Run = "", u.Label
		out = append(out, ref)
	}
	return out
}

// touch writes a label to an object and takes it away again.
func touch(ctx context.Context, c *cluster.Cluster, object *unstructured.Unstructured) error {
	found, err := c.Resource(ctx, object)
	if err != nil {
		return err
	}
	for _, value := range []string{`""`, "null"} {
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:%s}}}`, labelFence, value)
		_, err := c.In(found, object.GetNamespace()).Patch(ctx, object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: managed.FieldManager})
		if apierrors.IsNotFound(err) {
			return nil // it was pruned: Restore makes it anew
		}
		if err != nil {
			return cluster.FromAPI(ctx, managed.Describe(object), "fence off", err)
		}
	}
	return nil
}
