package command

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/slipway-cd/slipway/ci/pipeline"
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
		return pipeline.Usage("--keep %d: want a number of images, 0 for none", keep)
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
	return pipeline.ImageCleanup{
		App: f.app, Image: at.image, TakeOver: f.TakeOver,
		Registry: f.registry(at), Build: in.build, Production: in.production, BuildNamespace: f.BuildNamespace, Namespace: f.Namespace,
		Keep: keep, Older: time.Duration(c.Older), Plan: c.Plan, Tell: func(line string) { fmt.Fprintln(f.host.screen().Out, line) },
	}.Remove(ctx)
}
