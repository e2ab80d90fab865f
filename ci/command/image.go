package command

import (
	"context"
	"os"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

// Image runs static checks, unit tests and the build with the flags in args and returns
// the id of the image. It does not push the image and needs neither cluster nor registry.
// Code turns its error into an exit code.
func Image(ctx context.Context, app description.Application, args []string, host Host) (dagger.ID, error) {
	var cli commands
	if _, err := cli.take(ctx, app, args, host); err != nil {
		return "", err
	}
	f := &cli.flags
	ctx, cancel := f.limit(ctx)
	defer cancel()
	f.Until = "build" // the overlays need no key
	opts, err := f.options(ctx)
	if err != nil {
		return "", err
	}
	opts.Image = "not-pushed.invalid/" + f.app.Name
	var env pipeline.Environment
	if env.Tree, err = f.tree(ctx); err != nil {
		return "", err
	}
	if env.Engine, err = f.engine(ctx, opts.Image, os.Stderr); err != nil {
		return "", err
	}
	defer env.Engine.Close()
	image, err := pipeline.BuildImage(ctx, f.app, opts, env)
	if err != nil {
		return "", err
	}
	return image.ID(ctx)
}
