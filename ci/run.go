package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

type runCommand struct{}

// Run runs the pipeline and ends with its exit code.
func (c *runCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	mode, err := report.ParseMode(f.Output)
	if err != nil {
		return pipeline.Usage("--output: %w", err)
	}
	opts, err := f.options(ctx)
	if err != nil {
		return err
	}
	at, err := f.target(ctx)
	if err != nil {
		return err
	}
	opts.Image = at.image
	env, err := f.environment(ctx, at)
	if err != nil {
		return err
	}
	defer env.Engine.Close()
	env.Printer = report.NewPrinter(mode, report.ScreenOf(os.Stdout, os.Getenv), os.Getenv)
	run, err := pipeline.New(app, opts, env)
	if err != nil {
		return err
	}
	if err := run.Preflight(ctx); err != nil {
		return err
	}
	dir, err := report.Create(f.reportFolder(opts.Run))
	if err != nil {
		return err
	}
	defer dir.Close()
	if done := run.Execute(ctx, dir); done.ExitCode != 0 {
		return exit(done.ExitCode)
	}
	return nil
}

// options reads what git and the CI vendor know and checks it with the flags;
// nothing is started yet.
func (f *flags) options(ctx context.Context) (pipeline.Options, error) {
	tree, err := f.tree()
	if err != nil {
		return pipeline.Options{}, err
	}
	found, err := revisionOf(ctx, f.Source, f.Version)
	if err != nil {
		return pipeline.Options{}, err
	}
	vendor, id := vendorOf(os.Getenv)
	if f.RunID != "" {
		id = f.RunID
	}
	opts := pipeline.Options{
		Run: id, Version: found.version, Commit: found.commit, Built: found.time, Vendor: vendor,
		BuildNamespace: f.BuildNamespace, Namespace: f.Namespace,
		BetaOverlay: f.BetaOverlay, ProductionOverlay: f.ProductionOverlay,
		Until: f.Until, StageTimeout: f.StageTimeout, KeepBeta: f.KeepBeta, Image: f.Image,
	}
	return opts, pipeline.Check(app, opts, tree)
}

func (f *flags) reportFolder(run string) string {
	if f.Report != "" {
		return f.Report
	}
	return filepath.Join(".slipway", "runs", run)
}
