package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/report"
)

// runID fits a label's value and, with room for the longest name before it, a name's suffix.
var runID = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)

// CheckRun returns an error of exit code 2 for what cannot be a run's id.
func CheckRun(id string) error {
	if !runID.MatchString(id) {
		return Usage("--run %q: want at most 32 lower case letters, digits and dashes", id)
	}
	return nil
}

// New checks what can be checked without a network and returns the run. Errors
// are of exit code 2 and name the flag.
func New(app Application, opts Options, env Environment) (*Run, error) {
	if err := image.CheckTag(opts.Version + "-beta"); err != nil {
		return nil, Usage("--version %q: %w", opts.Version, err)
	}
	if !slices.Contains(StageNames(), opts.Until) {
		return nil, Usage("--until %q: no such stage; want one of %s", opts.Until, strings.Join(StageNames(), ", "))
	}
	r, err := newRun(app, opts, env)
	if err != nil {
		return nil, err
	}
	if _, err := r.renderBeta("sha256:" + strings.Repeat("0", 64)); err != nil {
		return nil, Usage("--beta-overlay: %w", err)
	}
	production, err := r.renderProduction("sha256:" + strings.Repeat("0", 64))
	if err == nil {
		_, err = r.publicPath(production)
	}
	if err != nil {
		return nil, Usage("--production-overlay: %w", err)
	}
	return r, nil
}

// newRun checks what every kind of run needs.
func newRun(app Application, opts Options, env Environment) (*Run, error) {
	if err := CheckRun(opts.Run); err != nil {
		return nil, err
	}
	repository, err := image.ParseRepository(opts.Image)
	if err != nil {
		return nil, Usage("--image: %w", err)
	}
	if _, err := fs.Stat(env.Tree, app.Dockerfile); err != nil {
		return nil, Usage("--source: it has no %s", app.Dockerfile)
	}
	host, version := env.Cluster.Server()
	return &Run{app: app, opts: opts, env: env, repository: repository, report: report.Report{
		Run: opts.Run, Version: opts.Version, Image: repository.String(), Commit: opts.Commit,
		Vendor: opts.Vendor, Cluster: host + " " + version, Engine: engineVersion}}, nil
}

// Preflight asks the cluster and the registry, side by side and without a
// change, whether the run may do what it is about to; a refusal after minutes
// of building would come late.
func (r *Run) Preflight(ctx context.Context) error {
	wanted := slices.Index(StageNames(), r.opts.Until)
	var checks errgroup.Group
	checks.Go(func() error { return r.env.Registry.Ping(ctx, r.repository) })
	if wanted >= slices.Index(StageNames(), "functional") {
		checks.Go(func() error { return r.env.Cluster.CheckAccess(ctx, r.opts.BuildNamespace) })
	}
	if wanted >= slices.Index(StageNames(), "deploy") {
		checks.Go(func() error { return r.env.Cluster.CheckAccess(ctx, r.opts.Namespace) })
	}
	if err := checks.Wait(); err != nil {
		failure := explain(ctx, err, ExitUsage)
		if errors.Is(err, image.ErrUnreachable) || errors.Is(err, image.ErrDenied) {
			failure.Cause = "--image: " + failure.Cause
		}
		return failure
	}
	return nil
}
