package command

import (
	"context"

	"github.com/slipway-cd/slipway/ci/status"
	"github.com/slipway-cd/slipway/ci/view"
)

type statusCommand struct{}

// Run prints what runs where.
func (c *statusCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := f.mode()
	if err != nil {
		return err
	}
	in, err := f.connect(ctx, ofBoth)
	if err != nil {
		return err
	}
	status, err := status.Of(ctx, in.production, in.build, f.Namespace, f.BuildNamespace)
	if err != nil {
		return err
	}
	tree, err := f.tree(ctx)
	if err != nil {
		return err
	}
	status.FindMakers(ctx, in.production, f.app, tree, f.ProductionOverlay)
	return view.PrintStatus(status, mode, f.host.screen())
}
