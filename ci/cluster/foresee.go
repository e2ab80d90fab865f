package cluster

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

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

// absentKinds returns the kinds that only the plan itself will define.
func absentKinds(objects []*planned) []schema.GroupKind {
	var out []schema.GroupKind
	for _, p := range objects {
		if p.live == nil && isDefinition(p.object) {
			for gvk := range definedBy(p.object) {
				out = append(out, gvk.GroupKind())
			}
		}
	}
	return out
}
