// Package builder has the engine build what an application describes: its images, for their platforms, its checks and the
// containers of its tests; and push images. It does not know which tags a version gets, nor what is tested where.
package builder

import (
	"context"
	"errors"
	"time"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

// Builder builds a version of an application in a session of the engine.
type Builder struct {
	Engine *engine.Session
	App    description.Application

	Version, Commit string    // every image is told
	Built           time.Time // the commit's time, so that building twice gives the same digest

	Registry *image.Registry
	Run      string            // names a tag, where a registry moves none
	Note     func(text string) // tells people
}

// Compile returns the images, each for its platforms, once all checks have passed. They
// and those of the tests are built while the checks run.
func (b Builder) Compile(ctx context.Context) ([][]*dagger.Container, error) {
	variants := make([][]*dagger.Container, len(b.App.Images))
	var checks, images errgroup.Group
	for _, check := range b.App.Checks {
		checks.Go(func() error { return b.gate(ctx, check) })
	}
	for n, i := range b.App.Images {
		platforms := i.Platforms
		if len(platforms) == 0 {
			platforms = []string{""} // the engine's own
		}
		variants[n] = make([]*dagger.Container, len(platforms))
		for m, platform := range platforms {
			images.Go(func() (err error) {
				variants[n][m], err = b.target(i.Build, platform).Sync(ctx)
				return b.notBuilt(i.Name, err)
			})
		}
	}
	for _, suite := range append(b.App.Tests.Functional, b.App.Tests.Production...) {
		images.Go(func() error { return b.BuildSuite(ctx, suite) })
	}
	if err := checks.Wait(); err != nil {
		return nil, err
	}
	return variants, images.Wait()
}

// notBuilt is the error of an image that does not build, nil for none.
func (b Builder) notBuilt(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case len(b.App.Images) == 1:
		return b.Engine.Failure("the image does not build", err)
	}
	return b.Engine.Failure("the image "+name+" does not build", err)
}

// gate builds a stage of a Dockerfile that runs checks or tests, or runs a command.
func (b Builder) gate(ctx context.Context, check description.Check) error {
	c := b.dockerStage(check.Build, "", nil)
	if check.Image != "" {
		c = b.published(check.Image, check.Build.Context, check.Env).WithExec(check.Command)
	}
	_, err := c.Sync(ctx)
	if err == nil {
		return nil
	}
	if command := (*dagger.ExecError)(nil); !errors.As(err, &command) {
		return b.Engine.Failure("build "+check.Name, err)
	}
	failure := b.Engine.Failure(check.Name+" fail", err)
	failure.Code = exit.Checks
	return failure
}
