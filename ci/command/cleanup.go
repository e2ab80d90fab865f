package command

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/slipway-cd/slipway/ci/ago"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/settings"
)

type cleanupCommand struct {
	Stale  bool    `help:"Clean up after every run whose process no longer sends heartbeats; takes 15 seconds to find out."`
	Images bool    `help:"Remove images from the registry that have only -beta tags and that no release, no undo, no run in flight and no pod needs."`
	Keep   *int    `help:"With --images: the newest so many -beta tags of each repository stay, by the times of their commits (default: 10)." placeholder:"N"`
	Older  ago.Age `help:"With --images: only what is older goes: 14d, 36h." placeholder:"D"`
	Plan   bool    `help:"With --images: print what would go, and remove nothing."`
}

// Run removes what one run, or every killed run, left in the build namespace, or images.
func (c *cleanupCommand) Run(ctx context.Context, f *flags) error {
	if err := c.check(f); err != nil {
		return err
	}
	ctx, cancel := f.limit(ctx)
	defer cancel()
	if c.Images {
		return c.removeImages(ctx, f)
	}
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

// check takes one of the three, with the flags that go with it.
func (c *cleanupCommand) check(f *flags) error {
	given := 0
	for _, is := range []bool{f.RunID != "", c.Stale, c.Images} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return exit.Usagef("cleanup: give --run ID for one run, --stale for every run that is no longer alive, or --images for the registry")
	case !c.Images && (c.Keep != nil || c.Older != 0 || c.Plan):
		return exit.Usagef("cleanup: --keep, --older and --plan go with --images")
	case f.RunID != "":
		return settings.CheckRun(f.RunID)
	}
	return nil
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
