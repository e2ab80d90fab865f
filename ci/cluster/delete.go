package cluster

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/utils/ptr"
)

// Delete removes the objects, last step first, and returns when they and what
// they own (pods, with their own grace) are gone. An object that carries a uid is
// removed only if it still is that object. Those that are not there are no
// error and no change. The changes made so far come with an error.
func (c *Cluster) Delete(ctx context.Context, objects []*unstructured.Unstructured) ([]Change, error) {
	var changes []Change
	steps := order(objects)
	slices.Reverse(steps)
	for _, group := range steps {
		done := make([]bool, len(group))
		var each errgroup.Group
		each.SetLimit(parallel)
		for i, object := range group {
			each.Go(func() (err error) {
				done[i], err = c.deleteOne(ctx, object)
				return err
			})
		}
		err := each.Wait()
		for i, object := range group {
			if done[i] {
				changes = append(changes, changeOf(object, Deleted))
			}
		}
		if err != nil {
			return changes, err
		}
	}
	return changes, nil
}

// deleteOne reports whether the object was there.
func (c *Cluster) deleteOne(ctx context.Context, object *unstructured.Unstructured) (bool, error) {
	found, err := c.resource(ctx, object)
	if err != nil {
		return false, err
	}
	if err := c.removeAsRead(ctx, found, object); apierrors.IsNotFound(err) {
		return false, nil
	} else if err != nil {
		return false, fromAPI(ctx, describe(object), "delete", err)
	}
	return true, c.awaitGone(ctx, found, object)
}

// removeAsRead removes the object as it was read, for whoever has a lease, and
// reads it again when others wrote it meanwhile: a status, for example.
func (c *Cluster) removeAsRead(ctx context.Context, r resource, object *unstructured.Unstructured) error {
	if Fenced(ctx) == nil || object.GetResourceVersion() == "" {
		return c.remove(ctx, r, object)
	}
	live := object
	for {
		options := metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)}
		options.Preconditions = &metav1.Preconditions{UID: ptr.To(live.GetUID()), ResourceVersion: ptr.To(live.GetResourceVersion())}
		err := c.in(r, object.GetNamespace()).Delete(ctx, object.GetName(), options)
		if !outdated(err) {
			return err
		}
		if live, err = c.readAgain(ctx, r, object); err != nil {
			return err
		}
		switch {
		case live == nil || live.GetUID() != object.GetUID():
			return nil // ours is gone
		case !sameEntry(applied(live), applied(object)):
			return &Error{Class: Admission, Object: describe(object), Cause: "was written as " + FieldManager + " by somebody else since this was planned"}
		}
	}
}

// remove asks for the deletion in the foreground: the object stays until what it
// owns is gone, so that one watch tells when all is.
func (c *Cluster) remove(ctx context.Context, r resource, object metav1.Object) error {
	return c.deleteWith(ctx, r, object, metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)})
}

// forget removes a pod that has ended from the server, without waiting for its kubelet.
func (c *Cluster) forget(ctx context.Context, r resource, pod metav1.Object) error {
	return c.deleteWith(ctx, r, pod, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
}

func (c *Cluster) deleteWith(ctx context.Context, r resource, object metav1.Object, options metav1.DeleteOptions) error {
	if uid := object.GetUID(); uid != "" {
		options.Preconditions = &metav1.Preconditions{UID: &uid}
	}
	err := c.in(r, object.GetNamespace()).Delete(ctx, object.GetName(), options)
	if apierrors.IsConflict(err) {
		return nil // another object has the name now: ours is gone
	}
	return err
}

func (c *Cluster) awaitGone(ctx context.Context, r resource, object *unstructured.Unstructured) error {
	w := c.watcher()
	inner := w.open(ctx)
	defer w.close()
	only := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", object.GetName()).String()}
	i, err := w.follow(inner, r.gvr, object.GetNamespace(), only)
	if err != nil {
		return err
	}
	for {
		synced, err := i.ready()
		if err != nil {
			return fromAPI(ctx, describe(object), "watch", err)
		}
		if synced && !present(i, object) {
			return nil
		}
		select {
		case <-w.changed:
		case <-ctx.Done():
			return ended(ctx, describe(object), "is not gone yet")
		}
	}
}

// present reports whether the informer holds the object, or any of its name when
// its uid is not known.
func present(i *informer, object *unstructured.Unstructured) bool {
	for _, live := range listOf[metav1.Object](i.List()) {
		if object.GetUID() == "" || object.GetUID() == live.GetUID() {
			return true
		}
	}
	return false
}
