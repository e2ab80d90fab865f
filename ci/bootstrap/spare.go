package bootstrap

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// hardening are the kinds that limit what may run in a namespace. What somebody runs in
// a namespace that was there before may not keep within them.
var hardening = []string{"Namespace", "LimitRange", "NetworkPolicy", "ResourceQuota"}

// Spare leaves out what would limit namespaces that bootstrap has not made.
func Spare(ctx context.Context, admin *cluster.Cluster, objects []*unstructured.Unstructured) (kept, spared []*unstructured.Unstructured, err error) {
	var others []string
	for _, object := range objects {
		if object.GetKind() != "Namespace" {
			continue
		}
		found, err := admin.Resource(ctx, object)
		if err != nil {
			return nil, nil, err
		}
		live, err := admin.Get(ctx, found, object)
		if err != nil {
			return nil, nil, err
		}
		if live != nil && live.GetLabels()[managed.LabelManagedBy] != managed.FieldManager {
			others = append(others, object.GetName())
		}
	}
	for _, object := range objects {
		in := object.GetNamespace()
		if object.GetKind() == "Namespace" {
			in = object.GetName()
		}
		if slices.Contains(hardening, object.GetKind()) && slices.Contains(others, in) {
			spared = append(spared, object)
		} else {
			kept = append(kept, object)
		}
	}
	return kept, spared, nil
}

// Lacking are the objects that the cluster does not have as they are wanted.
func Lacking(ctx context.Context, admin *cluster.Cluster, objects []*unstructured.Unstructured, options apply.Options) ([]*unstructured.Unstructured, error) {
	plan, err := apply.NewPlan(ctx, admin, objects, options)
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for _, p := range plan.Objects {
		if p.Change.Action != write.Unchanged {
			out = append(out, p.Object)
		}
	}
	return out, nil
}
