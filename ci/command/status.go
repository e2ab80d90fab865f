package command

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/slipway-cd/slipway/ci/status"
	"github.com/slipway-cd/slipway/ci/view"
)

type statusCommand struct {
	JSON bool `name:"json" help:"Print it for programs, as --output json does."`
}

// Run prints what runs where.
func (c *statusCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := f.modeOr(c.JSON)
	if err != nil {
		return err
	}
	each, err := f.each()
	if err != nil {
		return err
	}
	var all []status.Status
	var first error
	for _, f := range each {
		one, err := f.status(ctx)
		if err != nil && len(each) > 1 { // of the others it can be told
			fmt.Fprintf(os.Stderr, "slipway: environment %s: %v\n", f.at, err)
		}
		if err == nil {
			all = append(all, one)
		}
		first = cmp.Or(first, err)
	}
	if len(all) > 0 {
		first = cmp.Or(view.PrintStatus(all, mode, f.host.screen()), first)
	}
	return first
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
