package bootstrap

import (
	"context"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/route"
)

// Keep keeps of the built-in objects what they have in the cluster beyond what the overlays
// need now: room in quotas and limits, which an undo may go back to, and rights to routes,
// which the next deploy may have to prune.
func Keep(ctx context.Context, admin *cluster.Cluster, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if !slices.Contains([]string{"ResourceQuota", "LimitRange", "Role"}, object.GetKind()) {
			continue
		}
		found, err := admin.Resource(ctx, object)
		if err != nil {
			return err
		}
		live, err := admin.Get(ctx, found, object)
		if err != nil {
			return err
		}
		if live == nil {
			continue
		}
		switch object.GetKind() {
		case "ResourceQuota":
			raise(object.Object, quantities(live.Object, "spec", "hard"), 1, "spec", "hard")
		case "LimitRange":
			keepLimits(object, live)
		case "Role":
			keepRights(object, live)
		}
	}
	return nil
}

func keepLimits(object, live *unstructured.Unstructured) {
	limits, _, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", "limits")
	had, _, _ := unstructured.NestedSlice(live.Object, "spec", "limits")
	wanted, _ := limits.([]any)
	for i := range min(len(wanted), len(had)) {
		raise(wanted[i].(map[string]any), quantities(had[i].(map[string]any), "max"), 1, "max")
	}
}

func keepRights(object, live *unstructured.Unstructured) {
	rules, _, _ := unstructured.NestedSlice(object.Object, "rules")
	had, _, _ := unstructured.NestedSlice(live.Object, "rules")
	for _, rule := range had {
		groups, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), "apiGroups")
		known := slices.ContainsFunc(rules, func(r any) bool { return reflect.DeepEqual(r, rule) })
		ofRoutes := slices.ContainsFunc(route.Kinds, func(k route.Kind) bool { return k.Kind != "Ingress" && slices.Equal(groups, []string{k.Group}) })
		if ofRoutes && !known {
			rules = append(rules, rule)
		}
	}
	object.Object["rules"] = rules
}

func quantities(object map[string]any, path ...string) map[string]resource.Quantity {
	texts, _, _ := unstructured.NestedStringMap(object, path...)
	out := map[string]resource.Quantity{}
	for name, text := range texts {
		if q, err := resource.ParseQuantity(text); err == nil {
			out[name] = q
		}
	}
	return out
}
