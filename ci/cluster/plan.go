package cluster

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ApplyOptions are what a plan adds to the objects.
type ApplyOptions struct {
	Owner  *metav1.OwnerReference // of every object in its namespace; deleting it deletes them
	Former []Ref                  // what the last release put there; what is missing now will be pruned
	Prune  []string               // claims, namespaces and definitions to prune too, as "PersistentVolumeClaim/data"

	TakeOver []string // managers whose fields become ours; "kubectl" stands for all of its commands
	Leave    []string // fields that stay as others have set them, as "Deployment/api:spec.replicas"
}

// Plan is what a deploy will do, known before anything is written.
type Plan struct {
	Changes []Change // of every object, those that stay as they are included, then what is pruned
	Kept    []Change // what the last release had and this one has not, and why it stays

	objects []*planned
	pruned  []*unstructured.Unstructured
	lasting []Ref // of Kept, what a later release may still prune
}

// planned is one object and what applying it would do.
type planned struct {
	object   *unstructured.Unstructured // as wanted
	live     *unstructured.Unstructured // as it is; nil when it does not exist
	foreseen *unstructured.Unstructured // as it will be, by a dry run; nil without one
	resource resource
	change   Change

	takes     []string                   // managers whose fields become ours when it is written
	upgraded  *unstructured.Unstructured // live with these fields as ours; nil when there are none
	leave     []string                   // fields that are left as others have set them
	force     bool                       // apply by force: the plan has looked at what that takes
	conflicts []conflict                 // that nothing settles
}

// Writes reports whether the plan changes anything.
func (p *Plan) Writes() bool {
	return slices.ContainsFunc(p.Changes, func(change Change) bool { return change.Action != Unchanged })
}

// Plan returns what Apply and Prune would do; nothing is written. What is not
// known to be as wanted is dry-run on the server, the rest costs no request. The
// error is that of the first object that the server would refuse: an *Error of
// class Admission (with all fields of all objects that other managers have set) or
// Misconfigured for an unknown kind or namespace, or an annotation of ours that
// says nothing. The given objects are not modified.
func (c *Cluster) Plan(ctx context.Context, objects []*unstructured.Unstructured, opts ApplyOptions) (*Plan, error) {
	if err := CheckAnnotations(objects); err != nil {
		return nil, err
	}
	c.define(objects)
	plan := &Plan{objects: make([]*planned, len(objects))}
	for i, object := range withOwner(objects, opts.Owner) {
		found, err := c.resource(ctx, object)
		if err != nil {
			return nil, err
		}
		plan.objects[i] = &planned{object: object, resource: found, change: changeOf(object, "")}
	}
	if err := c.readLive(ctx, plan.objects); err != nil {
		return nil, err
	}
	if err := c.awaitLeaving(ctx, plan.objects); err != nil {
		return nil, err
	}
	if err := adopt(plan.objects, opts); err != nil {
		return nil, err
	}
	if err := c.foresee(ctx, plan.objects); err != nil {
		return nil, err
	}
	for _, p := range plan.objects {
		plan.Changes = append(plan.Changes, p.change)
	}
	return plan, c.planPrune(ctx, plan, opts)
}

// CheckConflicts returns the error that Plan would return for fields which others have
// set, of objects at which anybody but us and controllers has a hand: before an image
// is built, whose digest the objects will name. Nothing is written.
func (c *Cluster) CheckConflicts(ctx context.Context, objects []*unstructured.Unstructured, opts ApplyOptions) error {
	c.define(objects)
	var all []*planned
	for _, object := range objects {
		found, err := c.resource(ctx, object)
		if isNoKind(err) {
			continue // the deploy will say so
		}
		if err != nil {
			return err
		}
		all = append(all, &planned{object: object.DeepCopy(), resource: found, change: changeOf(object, "")})
	}
	if err := c.readLive(ctx, all); err != nil {
		return err
	}
	if err := adopt(all, opts); err != nil {
		return err
	}
	return c.foresee(ctx, slices.DeleteFunc(all, func(p *planned) bool {
		return p.live == nil || p.live.GetDeletionTimestamp() != nil || !othersHand(p.live)
	}))
}

// othersHand reports whether fields of the object are somebody else's than ours and
// those controllers'.
func othersHand(live *unstructured.Unstructured) bool {
	return slices.ContainsFunc(live.GetManagedFields(), mayTake)
}

// Refs names the plan's objects as they are now: after Carry, with their uids. What
// stays for its data although the release has it no more is among them, for a
// later release to prune when it is named.
func (p *Plan) Refs() []Ref {
	var out []Ref
	for _, object := range p.objects {
		ref := refOf(object.object)
		if object.live != nil {
			ref.UID = object.live.GetUID()
		}
		out = append(out, ref)
	}
	return append(out, p.lasting...)
}
