package cluster

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// lasting are the kinds whose deletion takes data, or everything in them, along:
// they are pruned only when named.
var lasting = []string{"PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition"}

// planPrune adds what the last release had and this one has not. It is pruned only
// if it is certainly ours and that release's: the same uid, our label, our field
// manager, no owner.
func (c *Cluster) planPrune(ctx context.Context, plan *Plan, opts ApplyOptions) error {
	wanted := map[string]bool{}
	for _, p := range plan.objects {
		wanted[refOf(p.object).place()] = true
	}
	for _, ref := range opts.Former {
		if wanted[ref.place()] {
			continue
		}
		object := ref.object()
		found, err := c.resource(ctx, object)
		if isNoKind(err) {
			continue // its definition is gone, and it with that
		}
		if err != nil {
			return err
		}
		live, err := c.get(ctx, found, object)
		if err != nil {
			return err
		}
		if live == nil || !ref.means(live) {
			continue // gone already; what has its name now is somebody else's
		}
		if note := keep(live, opts.Prune); note != "" {
			kept := changeOf(live, Unchanged)
			kept.Note = note
			plan.Kept = append(plan.Kept, kept)
			if slices.Contains(lasting, live.GetKind()) {
				plan.lasting = append(plan.lasting, ref)
			}
			continue
		}
		if err := c.dryDelete(ctx, found, live); err != nil {
			return err
		}
		plan.pruned = append(plan.pruned, live)
		plan.Changes = append(plan.Changes, changeOf(live, Deleted))
	}
	return nil
}

// keep returns why an object of the last release must stay, or "".
func keep(live *unstructured.Unstructured, named []string) string {
	id := live.GetKind() + "/" + live.GetName()
	switch {
	case live.GetLabels()[LabelManagedBy] != FieldManager:
		return "kept: its label " + LabelManagedBy + " is no longer " + FieldManager
	case applied(live) == nil:
		return "kept: no field of it is ours any more"
	case len(live.GetOwnerReferences()) > 0:
		return "kept: it belongs to " + live.GetOwnerReferences()[0].Kind + " " + live.GetOwnerReferences()[0].Name
	case slices.Contains(lasting, live.GetKind()) && !slices.Contains(named, id):
		return "kept: its data would be lost; --prune " + id + " removes it"
	}
	return ""
}

// dryDelete asks the server whether the object may be deleted.
func (c *Cluster) dryDelete(ctx context.Context, r resource, live *unstructured.Unstructured) error {
	uid := live.GetUID()
	options := metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}, Preconditions: &metav1.Preconditions{UID: &uid}}
	err := c.in(r, live.GetNamespace()).Delete(ctx, live.GetName(), options)
	return fromAPI(ctx, describe(live), "prune", err)
}

// Prune deletes what the plan found to be pruned and returns when it is gone. The
// changes made so far come with an error.
func (c *Cluster) Prune(ctx context.Context, plan *Plan) ([]Change, error) {
	if len(plan.pruned) == 0 {
		return nil, nil
	}
	return c.Delete(ctx, plan.pruned)
}
