package cluster

import (
	"context"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// readLive fills in the live objects: one LIST where several of a kind and
// namespace are wanted, one GET where it is one. There is no label selector, for
// an object to adopt does not have our labels yet.
func (c *Cluster) readLive(ctx context.Context, plan []*planned) error {
	type place struct {
		resource  resource
		namespace string
	}
	places := map[place][]*planned{}
	for _, p := range plan {
		at := place{p.resource, p.object.GetNamespace()}
		places[at] = append(places[at], p)
	}
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for at, wanted := range places {
		group.Go(func() error {
			if len(wanted) == 1 {
				live, err := c.get(each, at.resource, wanted[0].object)
				wanted[0].live = live
				return err
			}
			list, err := c.in(at.resource, at.namespace).List(each, metav1.ListOptions{})
			if c.defines(wanted[0].object.GroupVersionKind()) && apierrors.IsNotFound(err) {
				return nil // the kind is not there yet
			}
			if err != nil {
				return fromAPI(each, name(wanted[0].object.GetKind(), at.namespace, "*"), "list", err)
			}
			matchLive(wanted, list.Items)
			return nil
		})
	}
	return group.Wait()
}

func matchLive(wanted []*planned, items []unstructured.Unstructured) {
	byName := map[string]*unstructured.Unstructured{}
	for i := range items {
		byName[items[i].GetName()] = &items[i]
	}
	for _, p := range wanted {
		p.live = byName[p.object.GetName()]
	}
}

// awaitLeaving waits for live objects that are being deleted: the server would
// take a write to one, and then remove it all the same.
func (c *Cluster) awaitLeaving(ctx context.Context, plan []*planned) error {
	for _, p := range plan {
		if p.live == nil || p.live.GetDeletionTimestamp() == nil {
			continue
		}
		if err := c.awaitGone(ctx, p.resource, p.live); err != nil {
			return err
		}
		p.live = nil
	}
	return nil
}
