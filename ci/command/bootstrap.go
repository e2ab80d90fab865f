package command

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/manifest"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

type bootstrapCommand struct {
	Print bool `help:"Write the YAML for review instead of applying it."`
}

// Run applies what an administrator gives a pipeline once.
func (c *bootstrapCommand) Run(ctx context.Context, f *flags) error {
	objects, err := f.bootstrapObjects()
	if err != nil {
		return err
	}
	if c.Print {
		text, err := manifest.YAML(objects)
		if err != nil {
			return err
		}
		_, err = f.host.screen().Out.Write(text)
		return err
	}
	kubeconfig := f.Kubeconfig
	if kubeconfig == "" {
		at, err := sandboxUp(ctx)
		if err != nil {
			return err
		}
		kubeconfig = at.Kubeconfig
	}
	admin, err := cluster.Connect(ctx, cluster.Config{Kubeconfig: kubeconfig, Context: f.Context, UserAgent: "slipway-bootstrap"})
	if err != nil {
		return err
	}
	changes, err := f.install(ctx, admin, objects)
	for _, change := range changes {
		fmt.Fprintf(f.host.screen().Out, "%-10s %s\n", change.Action, change)
	}
	return err
}

// install applies what bootstrap makes, and returns when the API server holds to it.
func (f *flags) install(ctx context.Context, admin *cluster.Cluster, objects []*unstructured.Unstructured) ([]cluster.Change, error) {
	changes, err := admin.Apply(ctx, objects, cluster.ApplyOptions{})
	if err != nil {
		return changes, err
	}
	for _, namespace := range []string{f.BuildNamespace, f.Namespace} {
		if err := admin.AwaitGuard(ctx, namespace); err != nil {
			return changes, err
		}
	}
	return changes, nil
}

// bootstrapObjects renders both namespaces and adds the policies that guard their accounts.
func (f *flags) bootstrapObjects() ([]*unstructured.Unstructured, error) {
	tree, err := f.tree()
	if err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	labels := map[string]string{"app.kubernetes.io/name": f.app.Name, cluster.LabelManagedBy: cluster.FieldManager}
	for _, part := range []struct{ folder, namespace string }{{"build", f.BuildNamespace}, {"production", f.Namespace}} {
		objects, err := manifest.Render(tree, f.app.Namespaces+"/"+part.folder, manifest.Layer{
			Namespace:  part.namespace,
			Labels:     labels,
			Components: f.app.Bootstrap,
			Values:     map[string]string{"namespace": f.Namespace, "buildNamespace": f.BuildNamespace},
		})
		if err != nil {
			return nil, pipeline.Usage("--source: %w", err)
		}
		if err := cluster.CheckAccount(objects, part.namespace); err != nil {
			return nil, pipeline.Usage("--source: %s/%s: %w", f.app.Namespaces, part.folder, err)
		}
		guard, err := cluster.Guard(part.namespace, labels)
		if err != nil {
			return nil, err
		}
		all = append(append(all, objects...), guard...)
	}
	return all, nil
}
