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
	from := trace.Origin{Branch: opts.Branch}
	if opts.Commit != git.NoCommit {
		from.Revision = opts.Commit
	}
	if remote, err := git.Run(ctx, f.root, "remote", "get-url", "origin"); err == nil {
		from.Repository = git.PageOf(remote)
	}
	tracer, err := trace.New(ctx, from)
	if err != nil {
		fmt.Fprintln(os.Stderr, "slipway:", err)
	}
	return tracer
}
