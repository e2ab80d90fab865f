package command

import (
	"context"

	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/settings"
)

type recoverCommand struct{}

// Run finishes or undoes what killed runs left behind.
func (c *recoverCommand) Run(ctx context.Context, f *flags) error {
	through, err := f.each()
	if err != nil {
		return err
	}
	f = through[0]
	return f.carryOut(ctx, ofBoth, f.told, func(ctx context.Context, opts settings.Options, env pipeline.Environment) (*pipeline.Run, []pipeline.Stage, error) {
		run, err := pipeline.NewRecover(f.app, opts, env)
		if err == nil {
			err = follow(ctx, run, through[1:], opts, env)
		}
		if err != nil {
			return nil, nil, err
		}
		return run, run.RecoverStages(), nil
	})
}
