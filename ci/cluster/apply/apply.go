// Package apply plans what server-side apply would change, finds out whose fields are in
// the way, carries the plan out and removes what is no longer wanted. It waits for an
// object only where the next one needs it, and keeps no record of what it did.
package apply

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// writeTime is how long the answer to one write is waited for: longer than an API
// server takes to restart.
const writeTime = time.Minute

// Apply plans the objects and carries the plan out. It returns the changes made
// so far together with an error.
func Apply(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured, opts Options) ([]write.Change, error) {
	plan, err := NewPlan(ctx, c, objects, opts)
	if err != nil {
		return nil, err
	}
	return Carry(ctx, c, plan, nil)
}

// Carry writes the plan's objects, by server-side apply without force: in waves,
// each of which is waited for before the next, and in a fixed order of kinds
// within one, the objects of one step in parallel; definitions of kinds are waited
// for, too. Those already as wanted are not written; pruning is left to Prune.
// progress may be nil.
//
// It returns the changes made so far together with an error.
func Carry(ctx context.Context, c *cluster.Cluster, plan *Plan, progress func(object, state string)) ([]write.Change, error) {
	byObject, wanted := map[*unstructured.Unstructured]*Planned{}, plan.Wanted()
	for _, p := range plan.Objects {
		byObject[p.Object] = p
	}
	var changes []write.Change
	for i, wave := range managed.Waves(wanted) {
		if i > 0 {
			if err := rollout.WaitAmong(ctx, c, managed.Waves(wanted)[i-1], wanted, progress); err != nil {
				return changes, err
			}
		}
		for _, group := range managed.Order(wave) {
			done, err := applyStep(ctx, c, group, byObject, progress)
			changes = append(changes, done...)
			if err == nil {
				err = rollout.Wait(ctx, c, cluster.DefinitionsIn(group), progress)
			}
			if err != nil {
				return changes, err
			}
		}
	}
	return changes, nil
}

// applyStep writes the objects of one step and returns those that were written
// or needed no write, in the order given.
func applyStep(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured, plan map[*unstructured.Unstructured]*Planned,
	progress func(object, state string)) ([]write.Change, error) {
	var mutex sync.Mutex
	done := map[*unstructured.Unstructured]bool{}
	var group errgroup.Group // an object under way is finished, not cancelled, when another fails
	group.SetLimit(cluster.Parallel)
	for _, object := range objects {
		group.Go(func() error {
			if err := writeObject(ctx, c, plan[object]); err != nil {
				return err
			}
			mutex.Lock()
			defer mutex.Unlock()
			done[object] = true
			if change := plan[object].Change; change.Action != write.Unchanged && progress != nil {
				progress(managed.Describe(object), strings.TrimSuffix(string(change.Action)+", "+change.Note, ", "))
			}
			return nil
		})
	}
	err := group.Wait()
	var changes []write.Change
	for _, object := range objects {
		if done[object] || plan[object].Change.Action == write.Deleted { // to be replaced, and it was not
			changes = append(changes, plan[object].Change)
		}
	}
	return changes, err
}

// writeObject applies a planned object unless it is as wanted. A write that was begun
// is not cancelled but waited for: one whose answer nobody heard could not be undone.
func writeObject(ctx context.Context, c *cluster.Cluster, p *Planned) error {
	if p.Change.Action == write.Unchanged {
		c.Wrote(p.Live)
		return nil
	}
	if ctx.Err() != nil {
		return cluster.FromAPI(ctx, managed.Describe(p.Object), "apply", context.Cause(ctx))
	}
	if p.Replaces {
		if err := removeEnded(ctx, c, p); err != nil {
			return err
		}
	}
	begun, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	if p.Upgraded != nil {
		if err := writeManagers(begun, c, p); err != nil {
			return err
		}
	}
	result, err := send(begun, c, p)
	for write.Outdated(err) {
		done, again := followUp(begun, c, p)
		if again != nil {
			return again
		}
		if result, err = p.Live, nil; !done {
			result, err = send(begun, c, p)
		}
	}
	if err != nil {
		return err
	}
	p.became(result)
	c.Wrote(p.Live)
	return nil
}

// became notes what the server made of the object.
func (p *Planned) became(result *unstructured.Unstructured) {
	switch {
	case p.Replaces:
		p.Change.Action = write.Configured
	case p.Live != nil && p.Live.GetResourceVersion() == result.GetResourceVersion():
		p.Change.Action = write.Unchanged // it was as wanted, in other words
	}
	p.Change.Respecified = p.Live != nil && p.Live.GetGeneration() != result.GetGeneration()
	p.Live = result
}

// patch applies one object and returns what the server made of it. Fields that others
// have set are left to them or taken, as settle finds; a dry run that finds a conflict
// which nothing settles remembers it and returns neither an object nor an error.
func patch(ctx context.Context, c *cluster.Cluster, p *Planned, dryRun ...string) (*unstructured.Unstructured, error) {
	opts := metav1.ApplyOptions{FieldManager: managed.FieldManager, DryRun: dryRun, Force: p.force}
	apply := func() (*unstructured.Unstructured, error) {
		wanted := p.Object
		if len(dryRun) == 0 {
			wanted = write.AsRead(ctx, p.Object, p.Live)
		}
		return c.In(p.Resource, p.Object.GetNamespace()).Apply(ctx, p.Object.GetName(), wanted, opts)
	}
	result, err := apply()
	if found := managed.ConflictsOf(err); len(found) > 0 {
		var others []managed.Conflict
		if others, err = settle(ctx, c, p, found); err == nil && len(others) > 0 {
			if len(dryRun) > 0 {
				p.conflicts = others
				return nil, nil
			}
			refused := []*Planned{{Object: p.Object, Live: p.Live, conflicts: others}}
			err = conflictError(refused, secretsAmong(refused))
		} else if err == nil {
			opts.Force = p.force
			result, err = apply()
		}
	}
	if err != nil {
		return nil, cluster.Masked(nameImmutable(cluster.FromAPI(ctx, managed.Describe(p.Object), "apply", err), p), p.Object)
	}
	return result, nil
}

// withOwner returns copies of the objects that carry the owner.
func withOwner(objects []*unstructured.Unstructured, owner *metav1.OwnerReference) []*unstructured.Unstructured {
	out := make([]*unstructured.Unstructured, len(objects))
	for i, object := range objects {
		out[i] = object.DeepCopy()
		if owner != nil {
			out[i].SetOwnerReferences(append(out[i].GetOwnerReferences(), *owner))
		}
	}
	return out
}
