package command

import (
	"context"

	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/settings"
)

type recoverCommand struct{}

// Run finishes or undoes what killed runs left behind.
func (c *recoverCommand) Run(ctx context.Context, f *flags) error {
	return f.carryOut(ctx, ofBoth, f.told, func(ctx context.Context, opts settings.Options, env pipeline.Environment) (*pipeline.Run, []pipeline.Stage, error) {
		run, err := pipeline.NewRecover(f.app, opts, env)
		if err != nil {
			return nil, nil, err
		}
		return run, run.RecoverStages(), nil
	})
}
