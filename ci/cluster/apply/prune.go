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

// lasting are the kinds whose deletion takes data, or everything in them, along:
// they are pruned only when named.
var lasting = []string{"PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition"}

// planPrune adds what the last release had and this one has not. It is pruned only
// if it is certainly ours and that release's: the same uid, our label, our field
// manager, no owner.
func planPrune(ctx context.Context, c *cluster.Cluster, plan *Plan, opts Options) error {
	wanted := map[string]bool{}
	for _, p := range plan.Objects {
		wanted[managed.RefOf(p.Object).Place()] = true
	}
	for _, ref := range opts.Former {
		if wanted[ref.Place()] {
			continue
		}
		object := ref.Object()
		found, err := c.Resource(ctx, object)
		if cluster.IsNoKind(err) {
			continue // its definition is gone, and it with that
		}
		if err != nil {
			return err
		}
		live, err := c.Get(ctx, found, object)
		if err != nil {
			return err
		}
		if live == nil || !ref.Means(live) {
			continue // gone already; what has its name now is somebody else's
		}
		if note := keep(live, opts); note != "" {
			kept := write.ChangeOf(live, write.Unchanged)
			kept.Note = note
			plan.Kept = append(plan.Kept, kept)
			if slices.Contains(lasting, live.GetKind()) || opts.KeepJobs && rollout.IsJob(live) {
				plan.lasting = append(plan.lasting, ref)
			}
			continue
		}
		if err := dryDelete(ctx, c, found, live); err != nil {
			return err
		}
		plan.Pruned = append(plan.Pruned, live)
		plan.Changes = append(plan.Changes, write.ChangeOf(live, write.Deleted))
	}
	return nil
}

// keep returns why an object of the last release must stay, or "".
func keep(live *unstructured.Unstructured, opts Options) string {
	id := live.GetKind() + "/" + live.GetName()
	switch {
	case live.GetLabels()[managed.LabelManagedBy] != managed.FieldManager:
		return "kept: its label " + managed.LabelManagedBy + " is no longer " + managed.FieldManager
	case managed.Applied(live) == nil:
		return "kept: no field of it is ours any more"
	case len(live.GetOwnerReferences()) > 0:
		return "kept: it belongs to " + live.GetOwnerReferences()[0].Kind + " " + live.GetOwnerReferences()[0].Name
	case slices.Contains(lasting, live.GetKind()) && !slices.Contains(opts.Prune, id):
		return "kept: its data would be lost; --prune " + id + " removes it"
	case rollout.IsJob(live) && opts.KeepJobs:
		return "kept: Jobs stay as they are"
	}
	return ""
}

// dryDelete asks the server whether the object may be deleted.
func dryDelete(ctx context.Context, c *cluster.Cluster, r cluster.Resource, live *unstructured.Unstructured) error {
	uid := live.GetUID()
	options := metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}, Preconditions: &metav1.Preconditions{UID: &uid}}
	err := c.In(r, live.GetNamespace()).Delete(ctx, live.GetName(), options)
	return cluster.FromAPI(ctx, managed.Describe(live), "prune", err)
}

// Prune deletes what the plan found to be pruned and returns when it is gone. The
// changes made so far come with an error.
func Prune(ctx context.Context, c *cluster.Cluster, plan *Plan) ([]write.Change, error) {
	if len(plan.Pruned) == 0 {
		return nil, nil
	}
	return write.Delete(ctx, c, plan.Pruned)
}
