package command

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/bootstrap"
	"github.com/slipway-cd/slipway/ci/exit"
)

// bootstrapObjects are what bootstrap applies for the application, without one of its parts perhaps.
func (f *flags) bootstrapObjects(ctx context.Context, without string) ([]*unstructured.Unstructured, error) {
	tree, err := f.tree(ctx)
	if err != nil {
		return nil, err
	}
	objects, err := bootstrap.Objects(bootstrap.For{App: f.app, Tree: tree, BuildNamespace: f.BuildNamespace, Namespace: f.Namespace,
		BetaOverlay: f.BetaOverlay, ProductionOverlay: f.ProductionOverlay, Without: without})
	if err != nil {
		return nil, exit.Usagef("--source: %w", err)
	}
	return objects, nil
}

// namespaces are those of betas, and of production or each environment.
func (f *flags) namespaces() []string {
	out := []string{f.BuildNamespace}
	if len(f.app.Environments) == 0 {
		return append(out, f.Namespace)
	}
	for _, e := range f.app.Environments {
		out = append(out, e.Namespace)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// part is what bootstrap makes in one cluster.
type part struct {
	*flags
	credentials
	without string
}

// parts are one with both namespaces or, where there are environments, one for the betas and one for each, as far as --environment
// asks for them.
func (f *flags) parts() ([]part, error) {
	own := credentials{f.Kubeconfig, f.Context}
	if len(f.app.Environments) == 0 {
		return []part{{f, own, ""}}, nil
	}
	each, err := f.each()
	if err != nil {
		return nil, err
	}
	var out []part
	if f.Environment == "" {
		out = append(out, part{f, own, bootstrap.Production})
	}
	for _, in := range each {
		there := credentials{in.ProductionKubeconfig, in.ProductionContext}
		if there.kubeconfig == "" {
			there = own
		}
		out = append(out, part{in, there, bootstrap.Build})
	}
	return out, nil
}
