package cluster

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// parallel bounds the requests under way at once.
const parallel = 16

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
	c.defined.learn(objects)
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
	c.defined.learn(objects)
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
	return c.foresee(ctx, slices.DeleteFunc(all, func(p *planned) bool { return p.live == nil || !othersHand(p.live) }))
}

// othersHand reports whether fields of the object are somebody else's than ours and
// those controllers'.
func othersHand(live *unstructured.Unstructured) bool {
	return slices.ContainsFunc(live.GetManagedFields(), mayTake)
}

// foresee fills in the changes: from what is known of the live objects, and by a
// dry run of the others.
func (c *Cluster) foresee(ctx context.Context, objects []*planned) error {
	namespaces, kinds := absentNamespaces(objects), absentKinds(objects)
	var toWrite []*planned
	for _, p := range objects {
		switch {
		case p.live == nil:
			p.change.Action = Created
		case asApplied(p.live, p.object) && p.upgraded == nil:
			p.change.Action = Unchanged
			continue
		default:
			p.change.Action = Configured
		}
		// What is not there yet, its namespace or its kind, refuses a dry run.
		if !slices.Contains(namespaces, p.object.GetNamespace()) && !slices.Contains(kinds, p.object.GroupVersionKind().GroupKind()) {
			toWrite = append(toWrite, p)
		}
	}
	if err := c.checkQuota(ctx, toWrite); err != nil {
		return err
	}
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, p := range toDryRun(toWrite) {
		group.Go(func() error { return c.dryRun(each, p) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return refuseConflicts(objects)
}

// absentNamespaces returns the namespaces that the plan itself will create.
func absentNamespaces(objects []*planned) []string {
	var out []string
	for _, p := range objects {
		if p.object.GetKind() == "Namespace" && p.live == nil {
			out = append(out, p.object.GetName())
		}
	}
	return out
}

// dryRun has the server apply the object without keeping it, and compares the
// outcome with the live object: only the server knows its defaults and webhooks.
func (c *Cluster) dryRun(ctx context.Context, p *planned) error {
	result, err := c.patch(ctx, p, metav1.DryRunAll)
	if err != nil || p.conflicts != nil {
		return err
	}
	p.foreseen = result
	if p.upgraded != nil {
		dropTaken(p, c.asNew(ctx, p))
		return nil
	}
	// One that happens to be as wanted but was made by another is written once, so
	// that we own our fields.
	if p.live != nil && applied(p.live) != nil && same(p.live, result) {
		p.change.Action = Unchanged
	}
	return nil
}

// readLive fills in the live objects: one LIST where several of a kind and
// namespace are wanted, one GET where it is one. There is no label selector, for
// an object to adopt does not have our labels yet.
func (c *Cluster) readLive(ctx context.Context, plan []*planned) error {
	type place struct {
		resource  resource
		namespace string
	}
	places := map[place][]*planned{}
	for _, p := range plan {
		at := place{p.resource, p.object.GetNamespace()}
		places[at] = append(places[at], p)
	}
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for at, wanted := range places {
		group.Go(func() error {
			if len(wanted) == 1 {
				live, err := c.get(each, at.resource, wanted[0].object)
				wanted[0].live = live
				return err
			}
			list, err := c.in(at.resource, at.namespace).List(each, metav1.ListOptions{})
			if _, defined := c.defined.get(wanted[0].object.GroupVersionKind()); defined && apierrors.IsNotFound(err) {
				return nil // the kind is not there yet
			}
			if err != nil {
				return fromAPI(each, name(wanted[0].object.GetKind(), at.namespace, "*"), "list", err)
			}
			matchLive(wanted, list.Items)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return c.awaitLeaving(ctx, plan)
}

// get returns the live object, or nil when there is none.
func (c *Cluster) get(ctx context.Context, r resource, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live, err := c.in(r, object.GetNamespace()).Get(ctx, object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return live, fromAPI(ctx, describe(object), "read", err)
}

func matchLive(wanted []*planned, items []unstructured.Unstructured) {
	byName := map[string]*unstructured.Unstructured{}
	for i := range items {
		byName[items[i].GetName()] = &items[i]
	}
	for _, p := range wanted {
		p.live = byName[p.object.GetName()]
	}
}

// awaitLeaving waits for live objects that are being deleted: the server would
// take a write to one, and then remove it all the same.
func (c *Cluster) awaitLeaving(ctx context.Context, plan []*planned) error {
	for _, p := range plan {
		if p.live == nil || p.live.GetDeletionTimestamp() == nil {
			continue
		}
		if err := c.awaitGone(ctx, p.resource, p.live); err != nil {
			return err
		}
		p.live = nil
	}
	return nil
}
