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
	each, err := f.each()
	if err != nil {
		return err
	}
	all := make([]status.Status, len(each))
	for i, f := range each {
		if all[i], err = f.status(ctx); err != nil {
			return err
		}
	}
	return view.PrintStatus(all, mode, f.host.screen())
}

func (f *flags) status(ctx context.Context) (status.Status, error) {
	in, err := f.connect(ctx, ofBoth)
	if err != nil {
		return status.Status{}, err
	}
	out, err := status.Of(ctx, in.production, in.build, f.Namespace, f.BuildNamespace)
	if err != nil {
		return out, err
	}
	tree, err := f.tree(ctx)
	if err != nil {
		return out, err
	}
	out.Environment = f.at
	out.FindMakers(ctx, in.production, f.app, tree, f.ProductionOverlay)
	return out, nil
}
