package command

import (
	"context"
	"io/fs"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/manifest"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/kustomize"
)

// bootstrapObjects renders both namespaces and adds the policies that guard their accounts.
func (f *flags) bootstrapObjects(ctx context.Context) ([]*unstructured.Unstructured, error) {
	tree, folder, err := f.namespaceOverlays(ctx)
	if err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	labels := map[string]string{"app.kubernetes.io/name": f.app.Name, managed.LabelManagedBy: managed.FieldManager}
	for _, part := range []struct{ folder, namespace string }{{"build", f.BuildNamespace}, {"production", f.Namespace}} {
		objects, err := manifest.Render(tree, folder+"/"+part.folder, manifest.Layer{
			Namespace:  part.namespace,
			Labels:     labels,
			Components: f.app.Bootstrap,
			Values:     map[string]string{"namespace": f.Namespace, "buildNamespace": f.BuildNamespace},
		})
		if err != nil {
			return nil, pipeline.Usage("--source: %w", err)
		}
		if err := account.CheckAccount(objects, part.namespace); err != nil {
			return nil, pipeline.Usage("--source: %s/%s: %w", folder, part.folder, err)
		}
		if part.folder == "production" {
			if err := f.letForward(ctx, objects); err != nil {
				return nil, err
			}
		}
		guard, err := account.Guard(part.namespace, labels)
		if err != nil {
			return nil, err
		}
		all = append(append(all, objects...), guard...)
	}
	return all, nil
}

// letForward adds a right to production's account where its tests reach the application
// through a port-forward alone: no other way leads from outside to its pods, and without
// need this one does not either. An overlay that cannot be rendered yet needs none yet.
func (f *flags) letForward(ctx context.Context, objects []*unstructured.Unstructured) error {
	tree, err := f.tree(ctx)
	if err != nil {
		return err
	}
	if needed, err := pipeline.TestsByForward(f.app, tree, f.ProductionOverlay, f.Namespace); err != nil || !needed {
		return nil
	}
	for _, object := range objects {
		if object.GetKind() != "Role" || object.GetName() != account.Account {
			continue
		}
		rules, _, _ := unstructured.NestedSlice(object.Object, "rules")
		rules = append(rules, map[string]any{"apiGroups": []any{""}, "resources": []any{"pods/portforward"}, "verbs": []any{"create", "get"}})
		if err := unstructured.SetNestedSlice(object.Object, rules, "rules"); err != nil {
			return err
		}
	}
	return nil
}

// namespaceOverlays are those of the source where it has some, else the built-in ones. Components
// that are to change them come from the source, and then so must they.
func (f *flags) namespaceOverlays(ctx context.Context) (tree fs.FS, folder string, err error) {
	if f.app.Namespaces == "" {
		return kustomize.Files, "namespaces", nil
	}
	tree, err = f.tree(ctx)
	return tree, f.app.Namespaces, err
}

// hardening are the kinds that limit what may run in a namespace. What somebody runs in
// a namespace that was there before may not keep within them.
var hardening = []string{"Namespace", "LimitRange", "NetworkPolicy", "ResourceQuota"}

// spare leaves out what would limit namespaces that bootstrap has not made.
func spare(ctx context.Context, admin *cluster.Cluster, objects []*unstructured.Unstructured) (kept, spared []*unstructured.Unstructured, err error) {
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

// lacking are the objects that the cluster does not have as they are wanted.
func lacking(ctx context.Context, admin *cluster.Cluster, objects []*unstructured.Unstructured, options apply.Options) ([]*unstructured.Unstructured, error) {
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
