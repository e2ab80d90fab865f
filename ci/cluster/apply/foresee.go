package apply

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// foresee fills in the changes: from what is known of the live objects, and by a
// dry run of the others.
func foresee(ctx context.Context, c *cluster.Cluster, objects []*Planned) error {
	namespaces, kinds := absentNamespaces(objects), absentKinds(objects)
	var toWrite []*Planned
	for _, p := range objects {
		switch {
		case p.Live == nil:
			p.Change.Action = write.Created
		case managed.AsApplied(p.Live, p.Object) && p.Upgraded == nil:
			p.Change.Action = write.Unchanged
			continue
		default:
			p.Change.Action = write.Configured
		}
		// What is not there yet, its namespace or its kind, refuses a dry run.
		if !slices.Contains(namespaces, p.Object.GetNamespace()) && !slices.Contains(kinds, p.Object.GroupVersionKind().GroupKind()) {
			toWrite = append(toWrite, p)
		}
	}
	if err := checkQuota(ctx, c, toWrite); err != nil {
		return err
	}
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(cluster.Parallel)
	for _, p := range toDryRun(toWrite) {
		group.Go(func() error { return dryRun(each, c, p) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return refuseConflicts(objects)
}

// absentNamespaces returns the namespaces that the plan itself will create.
func absentNamespaces(objects []*Planned) []string {
	var out []string
	for _, p := range objects {
		if p.Object.GetKind() == "Namespace" && p.Live == nil {
			out = append(out, p.Object.GetName())
		}
	}
	return out
}

// dryRun has the server apply the object without keeping it, and compares the
// outcome with the live object: only the server knows its defaults and webhooks.
func dryRun(ctx context.Context, c *cluster.Cluster, p *Planned) error {
	result, err := patch(ctx, c, p, metav1.DryRunAll)
	if mustReplace(p, err) {
		return planReplacement(ctx, c, p, err)
	}
	if err != nil || p.conflicts != nil {
		return err
	}
	p.foreseen = result
	if p.Upgraded != nil {
		fresh, _ := asNew(ctx, c, p) // where it would be refused, nothing is known of defaults
		dropTaken(p, fresh)
		return nil
	}
	// One that happens to be as wanted but was made by another is written once, so
	// that we own our fields.
	if p.Live == nil || managed.Applied(p.Live) == nil {
		return nil
	}
	if !managed.Same(p.Live, result) {
		if err := readAsForeseen(ctx, c, p); err != nil {
			return err
		}
	}
	if managed.Same(p.Live, result) {
		p.Change.Action = write.Unchanged
	}
	return nil
}

// readAsForeseen reads the live object again where a controller has written between our
// reading it and the dry run: what that has changed is none of the plan's changes. It may
// have written once more since, its status for example; then what was seen still compares.
func readAsForeseen(ctx context.Context, c *cluster.Cluster, p *Planned) error {
	if p.foreseen.GetResourceVersion() == p.Live.GetResourceVersion() {
		return nil
	}
	live, err := c.Get(ctx, p.Resource, p.Object)
	if err != nil {
		return err
	}
	if live != nil && live.GetUID() == p.Live.GetUID() {
		p.Live = live
	}
	return nil
}

// absentKinds returns the kinds that only the plan itself will define.
func absentKinds(objects []*Planned) []schema.GroupKind {
	var out []schema.GroupKind
	for _, p := range objects {
		if p.Live == nil && cluster.IsDefinition(p.Object) {
			for gvk := range cluster.DefinedBy(p.Object) {
				out = append(out, gvk.GroupKind())
			}
		}
	}
	return out
}
