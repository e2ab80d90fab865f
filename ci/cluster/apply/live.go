package apply

import (
	"context"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// readLive fills in the live objects: one LIST where several of a kind and
// namespace are wanted, one GET where it is one. There is no label selector, for
// an object to adopt does not have our labels yet.
func readLive(ctx context.Context, c *cluster.Cluster, plan []*Planned) error {
	type place struct {
		resource  cluster.Resource
		namespace string
	}
	places := map[place][]*Planned{}
	for _, p := range plan {
		at := place{p.Resource, p.Object.GetNamespace()}
		places[at] = append(places[at], p)
	}
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(cluster.Parallel)
	for at, wanted := range places {
		group.Go(func() error {
			if len(wanted) == 1 {
				live, err := c.Get(each, at.resource, wanted[0].Object)
				wanted[0].Live = live
				return err
			}
			list, err := c.In(at.resource, at.namespace).List(each, metav1.ListOptions{})
			if c.Defines(wanted[0].Object.GroupVersionKind()) && apierrors.IsNotFound(err) {
				return nil // the kind is not there yet
			}
			if err != nil {
				return cluster.FromAPI(each, managed.Name(wanted[0].Object.GetKind(), at.namespace, "*"), "list", err)
			}
			matchLive(wanted, list.Items)
			return nil
		})
	}
	return group.Wait()
}

func matchLive(wanted []*Planned, items []unstructured.Unstructured) {
	byName := map[string]*unstructured.Unstructured{}
	for i := range items {
		byName[items[i].GetName()] = &items[i]
	}
	for _, p := range wanted {
		p.Live = byName[p.Object.GetName()]
	}
}

// awaitLeaving waits for live objects that are being deleted: the server would
// take a write to one, and then remove it all the same.
func awaitLeaving(ctx context.Context, c *cluster.Cluster, plan []*Planned) error {
	for _, p := range plan {
		if p.Live == nil || p.Live.GetDeletionTimestamp() == nil {
			continue
		}
		if err := write.AwaitGone(ctx, c, p.Resource, p.Live); err != nil {
			return err
		}
		p.Live = nil
	}
	return nil
}
