package apply

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// Options are what a plan adds to the objects.
type Options struct {
	Owner  *metav1.OwnerReference // of every object in its namespace; deleting it deletes them
	Former []managed.Ref          // what the last release put there; what is missing now will be pruned
	Prune  []string               // claims, namespaces and definitions to prune too, as "PersistentVolumeClaim/data"

	TakeOver []string // managers whose fields become ours; "kubectl" stands for all of its commands
	Leave    []string // fields that stay as others have set them, as "Deployment/api:spec.replicas"

	KeepJobs bool // Jobs stay as they are: none is made, changed or pruned
}

// Plan is what a deploy will do, known before anything is written.
type Plan struct {
	Changes []write.Change // of every object, those that stay as they are included, then what is pruned
	Kept    []write.Change // what the last release had and this one has not, and why it stays

	Objects []*Planned
	Pruned  []*unstructured.Unstructured
	lasting []managed.Ref // of Kept, what a later release may still prune
}

// Planned is one object and what applying it would do.
type Planned struct {
	Object   *unstructured.Unstructured // as wanted
	Live     *unstructured.Unstructured // as it is; nil when it does not exist
	foreseen *unstructured.Unstructured // as it will be, by a dry run; nil without one
	Resource cluster.Resource
	Change   write.Change
	Replaces bool // live is a Job that has ended: it is removed, and the object made anew

	takes     []string                   // managers whose fields become ours when it is written
	Upgraded  *unstructured.Unstructured // live with these fields as ours; nil when there are none
	leave     []string                   // fields that are left as others have set them
	force     bool                       // apply by force: the plan has looked at what that takes
	conflicts []managed.Conflict         // that nothing settles
}

// Writes reports whether the plan changes anything.
func (p *Plan) Writes() bool {
	return slices.ContainsFunc(p.Changes, func(change write.Change) bool { return change.Action != write.Unchanged })
}

// NewPlan returns what Apply and Prune would do; nothing is written. What is not
// known to be as wanted is dry-run on the server, the rest costs no request. The
// error is that of the first object that the server would refuse: an *Error of
// class Admission (with all fields of all objects that other managers have set) or
// Misconfigured for an unknown kind or namespace, or an annotation of ours that
// says nothing. The given objects are not modified.
func NewPlan(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured, opts Options) (*Plan, error) {
	if opts.KeepJobs {
		objects = slices.DeleteFunc(slices.Clone(objects), rollout.IsJob)
	}
	if err := rollout.CheckAnnotations(objects); err != nil {
		return nil, err
	}
	c.Define(objects)
	plan := &Plan{Objects: make([]*Planned, len(objects))}
	for i, object := range withOwner(objects, opts.Owner) {
		found, err := c.Resource(ctx, object)
		if err != nil {
			return nil, err
		}
		plan.Objects[i] = &Planned{Object: object, Resource: found, Change: write.ChangeOf(object, "")}
	}
	if err := readLive(ctx, c, plan.Objects); err != nil {
		return nil, err
	}
	if err := awaitLeaving(ctx, c, plan.Objects); err != nil {
		return nil, err
	}
	if err := adopt(plan.Objects, opts); err != nil {
		return nil, err
	}
	if err := foresee(ctx, c, plan.Objects); err != nil {
		return nil, err
	}
	for _, p := range plan.Objects {
		plan.Changes = append(plan.Changes, p.Change)
	}
	return plan, planPrune(ctx, c, plan, opts)
}

// Wanted returns the objects that the plan makes, changes or finds as they are to be.
func (p *Plan) Wanted() []*unstructured.Unstructured {
	out := make([]*unstructured.Unstructured, len(p.Objects))
	for i, object := range p.Objects {
		out[i] = object.Object
	}
	return out
}

// Refs names the plan's objects as they are now: after Carry, with their uids. What
// stays for its data although the release has it no more is among them, for a
// later release to prune when it is named.
func (p *Plan) Refs() []managed.Ref {
	var out []managed.Ref
	for _, object := range p.Objects {
		ref := managed.RefOf(object.Object)
		if object.Live != nil {
			ref.UID = object.Live.GetUID()
		}
		out = append(out, ref)
	}
	return append(out, p.lasting...)
}
