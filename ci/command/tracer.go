package command

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"dagger.io/dagger"

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
	if opts.Commit != noCommit {
		from.Revision = opts.Commit
	}
	if remote, err := git(ctx, f.root, "remote", "get-url", "origin"); err == nil {
		from.Repository = pageOf(remote)
	}
	return from
}

// boundedExport keeps the engine's command, which exports the engine's spans to the
// same collector, from holding up the end of a run for 30 seconds when that does not
// answer.
func boundedExport() dagger.ClientOpt {
	const variable = "OTEL_BSP_EXPORT_TIMEOUT" // in milliseconds
	bound := strconv.FormatInt(trace.FlushTime.Milliseconds(), 10)
	return dagger.WithEnvironmentVariable(variable, cmp.Or(os.Getenv(variable), bound))
}

// pageOf returns the web page of a git remote, without the credentials that some CI
// vendors put into its URL; "" for a remote without a host.
func pageOf(remote string) string {
	remote = strings.TrimSuffix(remote, ".git")
	host, path, short := strings.Cut(remote, ":")
	if short && !strings.Contains(host, "/") && !strings.HasPrefix(path, "//") { // git@host:path
		return "https://" + host[strings.LastIndex(host, "@")+1:] + "/" + strings.TrimPrefix(path, "/")
	}
	at, err := url.Parse(remote)
	switch {
	case err != nil || at.Hostname() == "":
		return ""
	case at.Scheme == "http" || at.Scheme == "https":
		return at.Scheme + "://" + at.Host + at.Path
	}
	return "https://" + at.Hostname() + at.Path // ssh: its port is not that of the pages
}
