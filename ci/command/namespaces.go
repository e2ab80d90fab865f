package command

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/bootstrap"
	"github.com/slipway-cd/slipway/ci/exit"
)

// bootstrapObjects are what bootstrap applies for the application.
func (f *flags) bootstrapObjects(ctx context.Context) ([]*unstructured.Unstructured, error) {
	tree, err := f.tree(ctx)
	if err != nil {
		return nil, err
	}
	objects, err := bootstrap.Objects(bootstrap.For{App: f.app, Tree: tree, BuildNamespace: f.BuildNamespace, Namespace: f.Namespace,
		BetaOverlay: f.BetaOverlay, ProductionOverlay: f.ProductionOverlay})
	if err != nil {
		return nil, exit.Usagef("--source: %w", err)
	}
	return objects, nil
}
