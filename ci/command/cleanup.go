package command

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

type cleanupCommand struct {
	Stale bool `help:"Clean up after every run whose process no longer sends heartbeats; takes 15 seconds to find out."`
}

// Run removes what one run, or every killed run, left in the build namespace.
func (c *cleanupCommand) Run(ctx context.Context, f *flags) error {
	if c.Stale == (f.RunID != "") {
		return pipeline.Usage("cleanup: give --run ID for one run, or --stale for every run that is no longer alive")
	}
	if !c.Stale {
		if err := pipeline.CheckRun(f.RunID); err != nil {
			return err
		}
	}
	ctx, cancel := f.limit(ctx)
	defer cancel()
	at, err := f.connect(ctx, ofBuild)
	if err != nil {
		return err
	}
	in := at.build
	ids := []string{f.RunID}
	if c.Stale {
		fmt.Fprintln(os.Stderr, "slipway: look for up to 15 seconds which runs give a sign of life")
		if ids, err = runs.Stale(ctx, in, f.BuildNamespace); err != nil {
			return err
		}
		if len(ids) == 0 {
			fmt.Fprintf(f.host.screen().Out, "no stale run in %s\n", f.BuildNamespace)
		}
	}
	var errs []error
	for _, run := range ids {
		errs = append(errs, f.remove(ctx, in, run))
	}
	return errors.Join(errs...)
}

func (f *flags) remove(ctx context.Context, in *cluster.Cluster, run string) error {
	found, err := runs.Delete(ctx, in, f.BuildNamespace, run, func(run, state string) { fmt.Fprintf(os.Stderr, "slipway: %s: %s\n", run, state) })
	out := f.host.screen().Out
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		fmt.Fprintf(out, "run %s: nothing in %s\n", run, f.BuildNamespace)
	default:
		fmt.Fprintf(out, "run %s: %d objects removed from %s\n", run, len(found), f.BuildNamespace)
	}
	return nil
}
