package command

import (
	"context"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/view"
)

type planCommand struct{}

// Run prints what a deploy would change and ends with exit code 4 if anything.
func (c *planCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := f.mode()
	if err != nil {
		return err
	}
	if f, err = f.one(); err != nil {
		return err
	}
	plan, err := f.plan(ctx)
	if err != nil {
		return err
	}
	if err := view.PrintPlan(plan, mode, f.host.screen()); err != nil {
		return err
	}
	if len(plan.Changed()) > 0 {
		return Ended{Code: exit.Changes}
	}
	return nil
}

func (f *flags) plan(ctx context.Context) (pipeline.Plan, error) {
	opts, err := f.options(ctx)
	if err != nil {
		return pipeline.Plan{}, err
	}
	at, err := f.target(ctx, ofProduction)
	if err != nil {
		return pipeline.Plan{}, err
	}
	opts.Image = at.image
	env := pipeline.Environment{Registry: f.registry(at)}
	if env.Tree, err = f.tree(ctx); err != nil {
		return pipeline.Plan{}, err
	}
	in, err := at.connect(ctx)
	if err != nil {
		return pipeline.Plan{}, err
	}
	env.Production = in.production
	run, err := pipeline.New(f.app, opts, env)
	if err != nil {
		return pipeline.Plan{}, err
	}
	return run.Plan(ctx)
}
