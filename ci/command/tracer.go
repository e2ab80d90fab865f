package command

import (
	"context"
	"fmt"
	"os"

	"github.com/slipway-cd/slipway/ci/git"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/trace"
)

// tracer returns what exports the run to OpenTelemetry. It is nil if the environment
// does not ask for it or its settings are invalid: the run goes on without.
func (f *flags) tracer(ctx context.Context, opts pipeline.Options) *trace.Tracer {
	if !trace.Wanted() {
		return nil
	}
	tracer, err := trace.New(ctx, f.origin(ctx, opts))
	if err != nil {
		fmt.Fprintln(os.Stderr, "slipway:", err)
	}
	return tracer
}

// origin is what a run's traces and metrics are about.
func (f *flags) origin(ctx context.Context, opts pipeline.Options) trace.Origin {
	from := trace.Origin{Branch: opts.Branch}
	if opts.Commit != git.NoCommit {
		from.Revision = opts.Commit
	}
	if remote, err := git.Run(ctx, f.root, "remote", "get-url", "origin"); err == nil {
		from.Repository = git.PageOf(remote)
	}
	return from
}
