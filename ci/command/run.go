package command

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/git"
	"github.com/slipway-cd/slipway/ci/interrupt"
	"github.com/slipway-cd/slipway/ci/job"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/settings"
)

type runCommand struct{}

// Run runs the pipeline and ends with its exit code.
func (c *runCommand) Run(ctx context.Context, f *flags) error {
	through, err := f.choose()
	if err != nil {
		return err
	}
	f = through[0]
	options := func(ctx context.Context) (settings.Options, error) { return f.options(ctx, through[1:]...) }
	return f.carryOut(ctx, f.needed(), options, func(ctx context.Context, opts settings.Options, env pipeline.Environment) (*pipeline.Run, []pipeline.Stage, error) {
		run, err := pipeline.New(f.app, opts, env)
		if err == nil {
			err = follow(ctx, run, through[1:], opts, env)
		}
		if err != nil {
			return nil, nil, err
		}
		stages := run.Stages()
		if f.From == fromRelease {
			stages = run.PromotionStages()
			warnings, err := run.Promote(ctx)
			if err != nil {
				return nil, nil, err
			}
			f.warn(warnings...)
			if err := f.checkBehind(ctx, opts.Version); err != nil {
				return nil, nil, err
			}
		}
		warnings, err := run.Preflight(ctx)
		if err != nil {
			return nil, nil, err
		}
		f.warn(warnings...)
		return run, stages, run.LookBehind(ctx)
	})
}

// fromRelease is the value of --from that takes what was released.
const fromRelease = "release"

// warn prints what a run goes on in spite of.
func (f *flags) warn(warnings ...string) {
	for _, warning := range warnings {
		fmt.Fprintln(os.Stderr, "slipway:", warning)
	}
}

// carryOut makes a run with everything connected and executes its stages.
func (f *flags) carryOut(ctx context.Context, needs need, options func(context.Context) (settings.Options, error),
	prepare func(context.Context, settings.Options, pipeline.Environment) (*pipeline.Run, []pipeline.Stage, error)) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := f.mode()
	if err != nil {
		return err
	}
	opts, err := options(ctx)
	if err != nil {
		return err
	}
	at, err := f.target(ctx, needs)
	if err != nil {
		return err
	}
	opts.Image = at.image
	env, err := f.environment(ctx, at)
	if err != nil {
		return err
	}
	defer env.Engine.Close()
	env.Printer, env.Tracer, env.Metrics = report.NewPrinter(mode, f.host.screen(), os.Getenv), f.tracer(ctx, opts), f.metrics(ctx, opts)
	run, stages, err := prepare(ctx, opts, env)
	if err != nil {
		return err
	}
	dir, err := report.Create(f.reportFolder(opts.Run))
	if err != nil {
		return err
	}
	defer dir.Close()
	interrupt.Leave(&interrupt.Words{Run: opts.Run, BuildNamespace: opts.BuildNamespace, Beta: run.HasBeta, Production: run.ByHand})
	done := run.Execute(ctx, stages, dir)
	for _, err := range append(export(env), publish(done, dir.Path(), f.host.screen().Out, os.Getenv)) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "slipway:", err) // the run itself is over, and its result stands
		}
	}
	if done.ExitCode != 0 {
		return Ended{Code: done.ExitCode, Cause: causeOf(done)}
	}
	return nil
}

// causeOf returns in one line why a run failed: what could not be undone, else what
// failed first; or for what it waits.
func causeOf(done report.Report) string {
	if done.Waits != nil {
		return fmt.Sprintf("%s waits for an approval (exit code %d); go on with: %s", done.Waits.Environment, done.ExitCode, done.Waits.Command)
	}
	if done.Undo.Error != "" {
		return fmt.Sprintf("undo: %s (exit code %d)", done.Undo.Error, done.ExitCode)
	}
	for _, stage := range done.Stages {
		if stage.Error != "" && !stage.Optional {
			return fmt.Sprintf("%s: %s (exit code %d)", stage.Name, stage.Error, done.ExitCode)
		}
	}
	return ""
}

// limit cancels the context when --timeout is over.
func (f *flags) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, f.Timeout, exit.OutOfTime{What: "--timeout", Limit: f.Timeout})
}

// options collects what flags, CI vendor and git say, and checks it, for further environments, too. Nothing is started yet.
func (f *flags) options(ctx context.Context, further ...*flags) (settings.Options, error) {
	opts, err := f.told(ctx)
	if err != nil {
		return opts, err
	}
	found, err := git.RevisionOf(ctx, f.home(), f.Version, f.below(f.buildContexts())...)
	if err != nil {
		return opts, err
	}
	opts.Derived = f.Version == ""
	opts.Version, opts.Commit, opts.Built, opts.History = found.Version, found.Commit, found.Time, found.History
	opts.Git = f.source().Graph
	f.compareCommits(found.Commit)
	f.tellUncommitted(ctx)
	if found.History.Shallow {
		fmt.Fprintln(os.Stderr, "slipway:", f.job().Shallow())
	}
	tree, err := f.tree(ctx)
	if err != nil {
		return opts, err
	}
	err = pipeline.Check(f.app, opts, tree)
	for _, other := range further {
		err = cmp.Or(err, pipeline.Check(other.app, other.settled(opts), tree))
	}
	opts.History.Dirty = found.Changed
	if f.folder != "." && !found.Changed {
		opts.History.Unchanged = f.unchangedSince(tree)
	}
	return opts, err
}

// job is the CI job of this process; an unknown vendor has been rejected already.
func (f *flags) job() job.Job {
	found, _ := job.Of(f.Vendor, os.Getenv)
	return found
}

// compareCommits warns when the vendor names another commit than the one checked out:
// some vendors check out the merge of a pull request. What is checked out is built.
func (f *flags) compareCommits(commit string) {
	if told := f.job(); told.Commit != "" && told.Commit != commit {
		fmt.Fprintf(os.Stderr, "slipway: %s names commit %.12s, but %.12s is checked out and will be built\n", told.Vendor, told.Commit, commit)
	}
}

// told are the options that come from flags and the CI vendor.
func (f *flags) told(ctx context.Context) (settings.Options, error) {
	from, err := job.Of(f.Vendor, os.Getenv)
	if err != nil {
		return settings.Options{}, err
	}
	vouching, err := f.vouching(ctx)
	if err != nil {
		return settings.Options{}, err
	}
	if f.RunID != "" {
		from.Run = f.RunID
	}
	return settings.Options{
		Run: from.Run, Vendor: from.Vendor, Branch: from.Branch, Actor: from.Actor, Person: f.person(ctx, from.Vendor), RunURL: from.URL, Image: f.Image,
		Evidence: vouching, Address: f.Address, Environment: f.at, Way: f.way, BuildNamespace: f.BuildNamespace, Namespace: f.Namespace,
		BetaOverlay: f.BetaOverlay, ProductionOverlay: f.ProductionOverlay, Prune: f.Prune, TakeOver: f.TakeOver, Leave: f.Leave,
		Until: f.Until, StageTimeout: f.StageTimeout, KeepBeta: f.KeepBeta,
	}, nil
}

// reportFolder is where reports go; the one that nobody named is not for git.
func (f *flags) reportFolder(run string) string {
	if f.Report != "" {
		return f.Report
	}
	if err := os.MkdirAll(".slipway", 0o755); err == nil && !exists(".slipway", ".gitignore") {
		_ = os.WriteFile(filepath.Join(".slipway", ".gitignore"), []byte("*\n"), 0o644) // reports are written without it, too
	}
	return filepath.Join(".slipway", "runs", run)
}
