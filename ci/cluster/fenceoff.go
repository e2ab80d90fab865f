package cluster

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// fenceAnnotation is on an object for a moment only, see FenceOff.
const fenceAnnotation = "slipway.dev/fence"

// FenceOff gives each object that the record of another run leads back a new
// version, and changes nothing else. That run is taken for dead, but it may only
// have been stopped in the middle of a request; when that arrives after all, the
// version that it carries is no longer the object's, and the server refuses it.
func (c *Cluster) FenceOff(ctx context.Context, u UndoRecord) error {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, object := range u.Former {
		group.Go(func() error { return c.touch(ctx, object, u.Run) })
	}
	return group.Wait()
}

// touch writes an annotation to an object and takes it away again.
func (c *Cluster) touch(ctx context.Context, object *unstructured.Unstructured, by string) error {
	found, err := c.resource(ctx, object)
	if err != nil {
		return err
	}
	for _, value := range []string{fmt.Sprintf("%q", by), "null"} {
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%s}}}`, fenceAnnotation, value)
		_, err := c.in(found, object.GetNamespace()).Patch(ctx, object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: FieldManager})
		if apierrors.IsNotFound(err) {
			return nil // it was pruned: Restore makes it anew
		}
		if err != nil {
			return fromAPI(ctx, describe(object), "fence off", err)
		}
	}
	return nil
}
