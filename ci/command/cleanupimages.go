package command

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/settings"
)

// keptBetas is how many of the newest betas' images stay unless --keep says otherwise.
const keptBetas = 10

// removeImages removes images of betas that nothing needs.
func (c *cleanupCommand) removeImages(ctx context.Context, f *flags) error {
	keep := keptBetas
	if c.Keep != nil {
		keep = *c.Keep
	}
	if keep < 0 {
		return exit.Usagef("--keep %d: want a number of images, 0 for none", keep)
	}
	at, err := f.target(ctx, ofBoth)
	if err != nil {
		return err
	}
	in, err := at.connect(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "slipway: read the registry's tags, and what the cluster needs of them")
	removal, err := pipeline.Retention(f.app, settings.Options{Image: at.image, TakeOver: f.TakeOver, BuildNamespace: f.BuildNamespace, Namespace: f.Namespace},
		pipeline.Environment{Registry: f.registry(at), Build: in.build, Production: in.production})
	if err != nil {
		return err
	}
	removal.Keep, removal.Older, removal.Plan = keep, time.Duration(c.Older), c.Plan
	removal.Tell = func(line string) { fmt.Fprintln(f.host.screen().Out, line) }
	return removal.Remove(ctx)
}
