package command

import (
	"context"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/settings"
)

type rollbackCommand struct {
	To string `help:"Version to go back to (default: the previous release)." placeholder:"V"`
}

// Run rolls production back.
func (c *rollbackCommand) Run(ctx context.Context, f *flags) error {
	if f.Version != "" {
		return exit.Usagef("--version %s: rollback takes the version as --to", f.Version)
	}
	f, err := f.one()
	if err != nil {
		return err
	}
	return f.carryOut(ctx, ofProduction, f.told, func(ctx context.Context, opts settings.Options, env pipeline.Environment) (*pipeline.Run, []pipeline.Stage, error) {
		run, err := pipeline.NewRollback(ctx, f.app, opts, env, c.To)
		if err != nil {
			return nil, nil, err
		}
		return run, run.RollbackStages(), nil
	})
}
