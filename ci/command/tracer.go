package command

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strconv"

	"dagger.io/dagger"

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

// boundedExport keeps the engine's command, which exports the engine's spans to the
// same collector, from holding up the end of a run for 30 seconds when that does not
// answer.
func boundedExport() dagger.ClientOpt {
	const variable = "OTEL_BSP_EXPORT_TIMEOUT" // in milliseconds
	bound := strconv.FormatInt(trace.FlushTime.Milliseconds(), 10)
	return dagger.WithEnvironmentVariable(variable, cmp.Or(os.Getenv(variable), bound))
}
