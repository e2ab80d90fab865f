package write

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Delete removes the objects, last step first, and returns when they and what
// they own (pods, with their own grace) are gone. An object that carries a uid is
// removed only if it still is that object. Those that are not there are no
// error and no change. The changes made so far come with an error.
func Delete(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured) ([]Change, error) {
	var changes []Change
	steps := managed.Order(objects)
	slices.Reverse(steps)
	for _, group := range steps {
		done := make([]bool, len(group))
		var each errgroup.Group
		each.SetLimit(cluster.Parallel)
		for i, object := range group {
			each.Go(func() (err error) {
				done[i], err = deleteOne(ctx, c, object)
				return err
			})
		}
		err := each.Wait()
		for i, object := range group {
			if done[i] {
				changes = append(changes, ChangeOf(object, Deleted))
			}
		}
		if err != nil {
			return changes, err
		}
	}
	return changes, nil
}

// deleteOne reports whether the object was there.
func deleteOne(ctx context.Context, c *cluster.Cluster, object *unstructured.Unstructured) (bool, error) {
	found, err := c.Resource(ctx, object)
	if err != nil {
		return false, err
	}
	if err := removeAsRead(ctx, c, found, object); apierrors.IsNotFound(err) {
		return false, nil
	} else if err != nil {
		return false, cluster.FromAPI(ctx, managed.Describe(object), "delete", err)
	}
	return true, AwaitGone(ctx, c, found, object)
}

// removeAsRead removes the object as it was read, for whoever has a lease, and
// reads it again when others wrote it meanwhile: a status, for example.
func removeAsRead(ctx context.Context, c *cluster.Cluster, r cluster.Resource, object *unstructured.Unstructured) error {
	if cluster.Fenced(ctx) == nil || object.GetResourceVersion() == "" {
		return Remove(ctx, c, r, object)
	}
	live := object
	for {
		options := metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)}
		options.Preconditions = &metav1.Preconditions{UID: ptr.To(live.GetUID()), ResourceVersion: ptr.To(live.GetResourceVersion())}
		err := c.In(r, object.GetNamespace()).Delete(ctx, object.GetName(), options)
		if !Outdated(err) {
			return err
		}
		if live, err = ReadAgain(ctx, c, r, object); err != nil {
			return err
		}
		switch {
		case live == nil || live.GetUID() != object.GetUID():
			return nil // ours is gone
		case !SameEntry(managed.Applied(live), managed.Applied(object)):
			return &cluster.Error{Class: cluster.Admission, Object: managed.Describe(object), Cause: "was written as " + managed.FieldManager + " by somebody else since this was planned"}
		}
	}
}

// Remove asks for the deletion in the foreground: the object stays until what it
// owns is gone, so that one watch tells when all is.
func Remove(ctx context.Context, c *cluster.Cluster, r cluster.Resource, object metav1.Object) error {
	return deleteWith(ctx, c, r, object, metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)})
}

// Forget removes a pod that has ended from the server, without waiting for its kubelet.
func Forget(ctx context.Context, c *cluster.Cluster, r cluster.Resource, pod metav1.Object) error {
	return deleteWith(ctx, c, r, pod, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
}

func deleteWith(ctx context.Context, c *cluster.Cluster, r cluster.Resource, object metav1.Object, options metav1.DeleteOptions) error {
	if uid := object.GetUID(); uid != "" {
		options.Preconditions = &metav1.Preconditions{UID: &uid}
	}
	err := c.In(r, object.GetNamespace()).Delete(ctx, object.GetName(), options)
	if apierrors.IsConflict(err) {
		return nil // another object has the name now: ours is gone
	}
	return err
}

// AwaitGone returns when the object, which was asked to go, is gone. See WithProgress.
func AwaitGone(ctx context.Context, c *cluster.Cluster, r cluster.Resource, object *unstructured.Unstructured) (err error) {
	w := informer.NewWatcher(c)
	inner := w.Open(ctx)
	defer w.Close()
	only := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", object.GetName()).String()}
	i, err := w.Follow(inner, r.Gvr, object.GetNamespace(), only)
	if err != nil {
		return err
	}
	telling := informer.Tell(managed.Describe(object), progressIn(ctx))
	telling.Is(notGone)
	defer func() { telling.End(lastState(err)) }()
	for {
		synced, err := i.Ready()
		if err != nil {
			return cluster.FromAPI(ctx, managed.Describe(object), "watch", err)
		}
		if synced && !present(i, object) {
			return nil
		}
		select {
		case <-w.Changed:
		case <-ctx.Done():
			return informer.Ended(ctx, managed.Describe(object), notGone)
		}
	}
}

// notGone is what lacks while a deletion is awaited.
const notGone = "is not gone yet"

func lastState(err error) string {
	if err != nil {
		return ""
	}
	return string(Deleted)
}

// present reports whether the informer holds the object, or any of its name when
// its uid is not known.
func present(i *informer.Informer, object *unstructured.Unstructured) bool {
	for _, live := range informer.ListOf[metav1.Object](i.List()) {
		if object.GetUID() == "" || object.GetUID() == live.GetUID() {
			return true
		}
	}
	return false
}
