package cluster

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Restore brings back what the record says: fields that were changed get the
// values that we had given them, pruned objects are created again, and those that
// the run created are removed with the volumes made for them. Done again, or when
// only a part of the run's changes was made, it does what is left to do. It does
// not wait for the restored objects to be out.
//
// It returns the changes made so far, also together with an error, and the
// restored objects as they are now: one that was pruned has another uid.
func (c *Cluster) Restore(ctx context.Context, u UndoRecord) (changes []Change, now []Ref, err error) {
	for _, group := range order(u.Former) {
		done, refs, err := c.restoreStep(ctx, group)
		changes, now = append(changes, done...), append(now, refs...)
		if err != nil {
			return changes, now, err
		}
	}
	for _, group := range order(u.Taken) {
		for _, object := range group {
			ref, changed, err := c.giveBack(ctx, object)
			if err != nil {
				return changes, now, err
			}
			if now = append(now, ref); changed {
				changes = append(changes, changeOf(object, Restored))
			}
		}
	}
	for _, values := range u.Nobodys {
		if err := c.restoreNobodys(ctx, values); err != nil {
			return changes, now, err
		}
	}
	removed, err := c.removeCreated(ctx, u)
	return append(changes, removed...), now, err
}

func (c *Cluster) restoreStep(ctx context.Context, objects []*unstructured.Unstructured) (changes []Change, now []Ref, err error) {
	var mutex sync.Mutex
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, object := range objects {
		group.Go(func() error {
			ref, changed, err := c.restoreOne(ctx, object)
			if err != nil {
				return err
			}
			mutex.Lock()
			defer mutex.Unlock()
			now = append(now, ref)
			if changed {
				changes = append(changes, changeOf(object, Restored))
			}
			return nil
		})
	}
	err = group.Wait()
	return changes, now, err
}

// restoreOne applies our former fields, by force: whoever has changed one since
// the run did has changed the run's value, which is not to stay. It reports
// whether anything changed.
func (c *Cluster) restoreOne(ctx context.Context, object *unstructured.Unstructured) (Ref, bool, error) {
	found, err := c.resource(ctx, object)
	if err != nil {
		return Ref{}, false, err
	}
	live, result, err := c.force(ctx, found, object, FieldManager)
	if err != nil {
		return Ref{}, false, err
	}
	c.wrote(result)
	return refOf(result), live == nil || live.GetResourceVersion() != result.GetResourceVersion(), nil
}

// force applies an object by force as it was just read, and reads it again when
// others wrote it meanwhile. It returns what was there before, or nil, and what is now.
func (c *Cluster) force(ctx context.Context, r resource, object *unstructured.Unstructured, manager string) (live, result *unstructured.Unstructured, err error) {
	for live, err = c.get(ctx, r, object); err == nil; live, err = c.readAgain(ctx, r, object) {
		if live != nil && live.GetDeletionTimestamp() != nil { // being pruned as the run ended
			if err := c.awaitGone(ctx, r, live); err != nil {
				return nil, nil, err
			}
			live = nil
		}
		result, err = c.in(r, object.GetNamespace()).Apply(ctx, object.GetName(), asRead(ctx, object, live), metav1.ApplyOptions{FieldManager: manager, Force: true})
		if !outdated(err) {
			return live, result, masked(fromAPI(ctx, describe(object), "restore", err), object)
		}
	}
	return nil, nil, err
}

// restoreNobodys puts values back under a manager of their own: were they ours, the
// next apply, which does not have them, would remove them.
func (c *Cluster) restoreNobodys(ctx context.Context, values *unstructured.Unstructured) error {
	found, err := c.resource(ctx, values)
	if err != nil {
		return err
	}
	_, _, err = c.force(ctx, found, values, undoManager)
	return err
}

// removeCreated deletes the objects that did not exist before the run, provided
// that they are what that run wrote, and the volumes made for their StatefulSets: the data
// is younger than the run, and a later first deploy would otherwise find a
// database that it did not make.
func (c *Cluster) removeCreated(ctx context.Context, u UndoRecord) ([]Change, error) {
	var created []*unstructured.Unstructured
	for _, ref := range u.Created {
		object := ref.object()
		found, err := c.resource(ctx, object)
		if isNoKind(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		live, err := c.get(ctx, found, object)
		if err != nil {
			return nil, err
		}
		if live != nil && live.GetLabels()[LabelRun] == u.Label && applied(live) != nil {
			created = append(created, live)
		}
	}
	changes, err := c.Delete(ctx, created)
	if err != nil {
		return changes, err
	}
	claims, err := c.claimsOf(ctx, u.Namespace, u.Prefixes)
	if err != nil {
		return changes, err
	}
	var younger []*unstructured.Unstructured
	for _, claim := range claims {
		if !slices.Contains(u.Claims, claim) {
			younger = append(younger, claim.object())
		}
	}
	removed, err := c.Delete(ctx, younger)
	return append(changes, removed...), err
}
