package cluster

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// writeTime is how long the answer to one write is waited for.
const writeTime = 15 * time.Second

// Action is what happened to an object.
type Action string

// The actions of interface.md.
const (
	Created    Action = "created"
	Configured Action = "configured"
	Unchanged  Action = "unchanged"
	Deleted    Action = "deleted"
	Restored   Action = "restored"
)

// Change says what happened to one object.
type Change struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Action    Action `json:"action"`
}

func changeOf(object *unstructured.Unstructured, action Action) Change {
	return Change{Namespace: object.GetNamespace(), Kind: object.GetKind(), Name: object.GetName(), Action: action}
}

// ApplyOptions are what Apply adds to the objects.
type ApplyOptions struct {
	Owner *metav1.OwnerReference // of every object in its namespace; deleting it deletes them
}

// Apply makes the cluster hold the objects, by server-side apply without force.
// Every object is dry-run first, so that a refused one changes nothing; then they
// are written in a fixed order, the objects of one step in parallel, those
// already as wanted not at all. The given objects are not modified.
//
// It returns the changes made so far together with an error. Errors are *Error:
// Admission for what the server refuses (with the field and its owner when
// another manager set it), Misconfigured for an unknown kind or namespace.
func (c *Cluster) Apply(ctx context.Context, objects []*unstructured.Unstructured, opts ApplyOptions) ([]Change, error) {
	plan, err := c.plan(ctx, owned(objects, opts.Owner))
	if err != nil {
		return nil, err
	}
	byObject := map[*unstructured.Unstructured]*planned{}
	wanted := make([]*unstructured.Unstructured, len(plan))
	for i, p := range plan {
		byObject[p.object], wanted[i] = p, p.object
	}
	var changes []Change
	for _, group := range order(wanted) {
		done, err := c.applyStep(ctx, group, byObject)
		changes = append(changes, done...)
		if err != nil {
			return changes, err
		}
	}
	return changes, nil
}

// applyStep writes the objects of one step and returns those that were written
// or needed no write, in the order given.
func (c *Cluster) applyStep(ctx context.Context, objects []*unstructured.Unstructured, plan map[*unstructured.Unstructured]*planned) ([]Change, error) {
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
	result := p.live
	if p.change.Action != Unchanged {
		if ctx.Err() != nil {
			return fromAPI(ctx, describe(p.object), "apply", context.Cause(ctx))
		}
		begun, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
		defer cancel()
		var err error
		if result, err = c.patch(begun, p); err != nil {
			return err
		}
	}
	c.written.set(result.GetUID(), result.GetGeneration())
	return nil
}

// patch applies one object and returns what the server made of it.
func (c *Cluster) patch(ctx context.Context, p *planned, dryRun ...string) (*unstructured.Unstructured, error) {
	opts := metav1.ApplyOptions{FieldManager: FieldManager, DryRun: dryRun}
	result, err := c.in(p.resource, p.object.GetNamespace()).Apply(ctx, p.object.GetName(), p.object, opts)
	if err != nil {
		return nil, masked(fromAPI(ctx, describe(p.object), "apply", err), p.object)
	}
	return result, nil
}

// owned returns copies of the objects that carry the owner.
func owned(objects []*unstructured.Unstructured, owner *metav1.OwnerReference) []*unstructured.Unstructured {
	out := make([]*unstructured.Unstructured, len(objects))
	for i, object := range objects {
		out[i] = object.DeepCopy()
		if owner != nil {
			out[i].SetOwnerReferences(append(out[i].GetOwnerReferences(), *owner))
		}
	}
	return out
}
