package cluster

import (
	"context"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// writeTime is how long the answer to one write is waited for: longer than an API
// server takes to restart.
const writeTime = time.Minute

// Apply plans the objects and carries the plan out. It returns the changes made
// so far together with an error.
func (c *Cluster) Apply(ctx context.Context, objects []*unstructured.Unstructured, opts ApplyOptions) ([]Change, error) {
	plan, err := c.Plan(ctx, objects, opts)
	if err != nil {
		return nil, err
	}
	return c.Carry(ctx, plan, nil)
}

// Carry writes the plan's objects, by server-side apply without force: in waves,
// each of which is waited for before the next, and in a fixed order of kinds
// within one, the objects of one step in parallel; definitions of kinds are waited
// for, too. Those already as wanted are not written; pruning is left to Prune.
// progress may be nil.
//
// It returns the changes made so far together with an error.
func (c *Cluster) Carry(ctx context.Context, plan *Plan, progress func(object, state string)) ([]Change, error) {
	byObject := map[*unstructured.Unstructured]*planned{}
	wanted := make([]*unstructured.Unstructured, len(plan.objects))
	for i, p := range plan.objects {
		byObject[p.object], wanted[i] = p, p.object
	}
	var changes []Change
	for i, wave := range waves(wanted) {
		if i > 0 {
			if err := c.Wait(ctx, waves(wanted)[i-1], progress); err != nil {
				return changes, err
			}
		}
		for _, group := range order(wave) {
			done, err := c.applyStep(ctx, group, byObject, progress)
			changes = append(changes, done...)
			if err == nil {
				err = c.Wait(ctx, definitionsIn(group), progress)
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
func (c *Cluster) applyStep(ctx context.Context, objects []*unstructured.Unstructured, plan map[*unstructured.Unstructured]*planned,
	progress func(object, state string)) ([]Change, error) {
	var mutex sync.Mutex
	done := map[*unstructured.Unstructured]bool{}
	var group errgroup.Group // an object under way is finished, not cancelled, when another fails
	group.SetLimit(parallel)
	for _, object := range objects {
		group.Go(func() error {
			if err := c.write(ctx, plan[object]); err != nil {
				return err
			}
			mutex.Lock()
			defer mutex.Unlock()
			done[object] = true
			if change := plan[object].change; change.Action != Unchanged && progress != nil {
				progress(describe(object), strings.TrimSuffix(string(change.Action)+", "+change.Note, ", "))
			}
			return nil
		})
	}
	err := group.Wait()
	var changes []Change
	for _, object := range objects {
		if done[object] {
			changes = append(changes, plan[object].change)
		}
	}
	return changes, err
}

// write applies a planned object unless it is as wanted. A write that was begun
// is not cancelled but waited for: one whose answer nobody heard could not be undone.
func (c *Cluster) write(ctx context.Context, p *planned) error {
	if p.change.Action != Unchanged {
		if ctx.Err() != nil {
			return fromAPI(ctx, describe(p.object), "apply", context.Cause(ctx))
		}
		begun, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
		defer cancel()
		if p.upgraded != nil {
			if err := c.writeManagers(begun, p); err != nil {
				return err
			}
		}
		result, err := c.patch(begun, p)
		for outdated(err) {
			done, again := c.followUp(begun, p)
			if again != nil {
				return again
			}
			if result, err = p.live, nil; !done {
				result, err = c.patch(begun, p)
			}
		}
		if err != nil {
			return err
		}
		if p.live != nil && p.live.GetResourceVersion() == result.GetResourceVersion() {
			p.change.Action = Unchanged // it was as wanted, in other words
		}
		p.change.Respecified = p.live != nil && p.live.GetGeneration() != result.GetGeneration()
		p.live = result
	}
	c.wrote(p.live)
	return nil
}

// patch applies one object and returns what the server made of it. Fields that others
// have set are left to them or taken, as settle finds; a dry run that finds a conflict
// which nothing settles remembers it and returns neither an object nor an error.
func (c *Cluster) patch(ctx context.Context, p *planned, dryRun ...string) (*unstructured.Unstructured, error) {
	opts := metav1.ApplyOptions{FieldManager: FieldManager, DryRun: dryRun, Force: p.force}
	apply := func() (*unstructured.Unstructured, error) {
		wanted := p.object
		if len(dryRun) == 0 {
			wanted = asRead(ctx, p.object, p.live)
		}
		return c.in(p.resource, p.object.GetNamespace()).Apply(ctx, p.object.GetName(), wanted, opts)
	}
	result, err := apply()
	if found := conflictsOf(err); len(found) > 0 {
		var others []conflict
		if others, err = c.settle(ctx, p, found); err == nil && len(others) > 0 {
			if len(dryRun) > 0 {
				p.conflicts = others
				return nil, nil
			}
			refused := []*planned{{object: p.object, live: p.live, conflicts: others}}
			err = conflictError(refused, secretsAmong(refused))
		} else if err == nil {
			opts.Force = p.force
			result, err = apply()
		}
	}
	if err != nil {
		return nil, masked(nameImmutable(fromAPI(ctx, describe(p.object), "apply", err), p), p.object)
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
