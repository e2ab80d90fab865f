package records

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// Restore brings back what the record says: fields that were changed get the
// values that we had given them, pruned objects are created again, but for Jobs that
// had ended, and those that the run created are removed with the volumes made for
// them. Done again, or when
// only a part of the run's changes was made, it does what is left to do. It does
// not wait for the restored objects to be out.
//
// It returns the changes made so far, also together with an error, and the
// restored objects as they are now: one that was pruned has another uid.
func Restore(ctx context.Context, c *cluster.Cluster, u UndoRecord) (changes []write.Change, now []managed.Ref, err error) {
	for _, group := range managed.Order(u.Former) {
		done, refs, err := restoreStep(ctx, c, group, u)
		changes, now = append(changes, done...), append(now, refs...)
		if err != nil {
			return changes, now, err
		}
	}
	for _, group := range managed.Order(u.Taken) {
		for _, object := range group {
			ref, changed, err := giveBack(ctx, c, object)
			if err != nil {
				return changes, now, err
			}
			if now = append(now, ref); changed {
				changes = append(changes, write.ChangeOf(object, write.Restored))
			}
		}
	}
	for _, values := range u.Nobodys {
		if err := restoreNobodys(ctx, c, values); err != nil {
			return changes, now, err
		}
	}
	removed, err := removeCreated(ctx, c, u)
	return append(changes, removed...), now, err
}

func restoreStep(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured, u UndoRecord) (changes []write.Change, now []managed.Ref, err error) {
	var mutex sync.Mutex
	var group errgroup.Group
	group.SetLimit(cluster.Parallel)
	for _, object := range objects {
		group.Go(func() error {
			if gone, err := hasGone(ctx, c, object, u.Ended); gone || err != nil {
				return err
			}
			reallocate(ctx, c, object, u.Ports)
			ref, changed, err := restoreOne(ctx, c, object)
			if err != nil {
				return err
			}
			mutex.Lock()
			defer mutex.Unlock()
			now = append(now, ref)
			if changed {
				changes = append(changes, write.ChangeOf(object, write.Restored))
			}
			return nil
		})
	}
	err = group.Wait()
	return changes, now, err
}

// hasGone reports whether the object is a Job that had ended and is not there any more:
// Kubernetes itself removes such where their ttlSecondsAfterFinished is over.
func hasGone(ctx context.Context, c *cluster.Cluster, object *unstructured.Unstructured, ended []managed.Ref) (bool, error) {
	place := managed.RefOf(object).Place()
	i := slices.IndexFunc(ended, func(ref managed.Ref) bool { return ref.Place() == place })
	if i < 0 {
		return false, nil
	}
	found, err := c.Resource(ctx, object)
	if err != nil {
		return false, err
	}
	live, err := c.Get(ctx, found, object)
	return live == nil || !ended[i].Means(live), err
}

// restoreOne applies our former fields, by force: whoever has changed one since
// the run did has changed the run's value, which is not to stay. It reports
// whether anything changed.
func restoreOne(ctx context.Context, c *cluster.Cluster, object *unstructured.Unstructured) (managed.Ref, bool, error) {
	found, err := c.Resource(ctx, object)
	if err != nil {
		return managed.Ref{}, false, err
	}
	live, result, err := force(ctx, c, found, object, managed.FieldManager)
	if err != nil {
		return managed.Ref{}, false, err
	}
	c.Wrote(result)
	return managed.RefOf(result), live == nil || live.GetResourceVersion() != result.GetResourceVersion(), nil
}

// force applies an object by force as it was just read, and reads it again when
// others wrote it meanwhile. It returns what was there before, or nil, and what is now.
func force(ctx context.Context, c *cluster.Cluster, r cluster.Resource, object *unstructured.Unstructured, manager string) (live, result *unstructured.Unstructured, err error) {
	for live, err = c.Get(ctx, r, object); err == nil; live, err = write.ReadAgain(ctx, c, r, object) {
		if live != nil && live.GetDeletionTimestamp() != nil { // being pruned as the run ended
			if err := write.AwaitGone(ctx, c, r, live); err != nil {
				return nil, nil, err
			}
			live = nil
		}
		result, err = c.In(r, object.GetNamespace()).Apply(ctx, object.GetName(), write.AsRead(ctx, object, live), metav1.ApplyOptions{FieldManager: manager, Force: true})
		if !write.Outdated(err) {
			return live, result, cluster.Masked(cluster.FromAPI(ctx, managed.Describe(object), "restore", err), object)
		}
	}
	return nil, nil, err
}

// restoreNobodys puts values back under a manager of their own: were they ours, the
// next apply, which does not have them, would remove them.
func restoreNobodys(ctx context.Context, c *cluster.Cluster, values *unstructured.Unstructured) error {
	found, err := c.Resource(ctx, values)
	if err != nil {
		return err
	}
	_, _, err = force(ctx, c, found, values, managed.UndoManager)
	return err
}

// removeCreated deletes the objects that did not exist before the run, provided
// that they are what that run wrote, and the volumes made for their StatefulSets: the data
// is younger than the run, and a later first deploy would otherwise find a
// database that it did not make.
func removeCreated(ctx context.Context, c *cluster.Cluster, u UndoRecord) ([]write.Change, error) {
	var created []*unstructured.Unstructured
	for _, ref := range slices.Concat(u.Created, u.Ended) {
		object := ref.Object()
		found, err := c.Resource(ctx, object)
		if cluster.IsNoKind(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		live, err := c.Get(ctx, found, object)
		if err != nil {
			return nil, err
		}
		if live == nil || live.GetUID() == ref.UID || ref.UID != "" && u.Label == "" {
			continue // of Ended, with its uid, the run has made none anew
		}
		if live.GetLabels()[managed.LabelRun] == u.Label && managed.Applied(live) != nil {
			created = append(created, live)
		}
	}
	changes, err := write.Delete(ctx, c, created)
	if err != nil {
		return changes, err
	}
	claims, err := claimsOf(ctx, c, u.Namespace, u.Prefixes)
	if err != nil {
		return changes, err
	}
	var younger []*unstructured.Unstructured
	for _, claim := range claims {
		if !slices.Contains(u.Claims, claim) {
			younger = append(younger, claim.Object())
		}
	}
	removed, err := write.Delete(ctx, c, younger)
	return append(changes, removed...), err
}
