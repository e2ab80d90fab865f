package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

// Build runs the checks, then builds the images and pushes them as VERSION-beta.
func (r *Run) Build(ctx context.Context) error {
	if r.outdated != nil {
		return r.outdated
	}
	defer r.journal.EngineTime()()
	r.note("build", strings.Join(append(r.checks(), r.imageNames()), ", "))
	stop, started := r.env.EngineLog.TellCommands(func(text string) { r.note("build", text) }), time.Now()
	variants, err := r.compile(ctx)
	stop()
	if err != nil {
		return err
	}
	tag := image.Beta(r.opts.Version)
	r.note("build", "push "+tag)
	var pushing errgroup.Group
	r.pushed = true
	for n := range r.images {
		pushing.Go(func() error { return r.push(ctx, &r.images[n], variants[n], tag) })
	}
	if err := pushing.Wait(); err != nil {
		return err
	}
	r.askBuilt(ctx, started, variants)
	r.tellDigests()
	r.detail = r.images[0].Digest
	if len(r.images) > 1 {
		r.detail = fmt.Sprintf("%d images, %s", len(r.images), r.imageNames())
	}
	if len(r.app.Checks) == 0 {
		r.detail += ", no checks"
	}
	return nil
}

// push pushes an image, one for each platform, and notes its digest: the same for the same
// commit. Only what is stamped gets the tag: a registry may let it point to one image alone.
func (r *Run) push(ctx context.Context, i *artifact.Image, variants []*dagger.Container, tag string) error {
	var pushed []image.Variant
	for n, variant := range variants {
		digest, err := r.publish(ctx, i, variant, n)
		if err != nil {
			return r.env.Engine.Failure("push "+tag, err)
		}
		pushed = append(pushed, image.Variant{Digest: digest})
		if len(i.Platforms) > 0 {
			pushed[n].Platform = i.Platforms[n]
		}
	}
	var err error
	if len(i.Platforms) > 0 {
		i.Digest, err = r.env.Registry.Index(ctx, i.Repo, tag, pushed, r.opts.Built)
	} else {
		i.Digest, err = r.env.Registry.Stamp(ctx, i.Repo, pushed[0].Digest, tag, r.opts.Built)
	}
	if err := r.tolerate(err); err != nil {
		return err
	}
	return r.tags("build").FindReleased(ctx, i)
}

// checks names what is checked before an image ships.
func (r *Run) checks() (names []string) {
	for _, check := range r.app.Checks {
		names = append(names, check.Name)
	}
	return names
}

func (r *Run) imageNames() string {
	if len(r.images) == 1 {
		return "image"
	}
	var names []string
	for _, i := range r.images {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}

// compile returns the images, each for its platforms, once all checks have passed. They
// and those of the tests are built while the checks run.
func (r *Run) compile(ctx context.Context) ([][]*dagger.Container, error) {
	variants := make([][]*dagger.Container, len(r.images))
	var checks, images errgroup.Group
	for _, check := range r.app.Checks {
		checks.Go(func() error { return r.gate(ctx, check) })
	}
	for n, i := range r.images {
		platforms := i.Platforms
		if len(platforms) == 0 {
			platforms = []string{""} // the engine's own
		}
		variants[n] = make([]*dagger.Container, len(platforms))
		for m, platform := range platforms {
			images.Go(func() (err error) {
				variants[n][m], err = r.target(i.Build, platform).Sync(ctx)
				return r.notBuilt(i.Name, err)
			})
		}
	}
	for _, suite := range append(r.app.Tests.Functional, r.app.Tests.Production...) {
		images.Go(func() error { return r.buildSuite(ctx, suite) })
	}
	if err := checks.Wait(); err != nil {
		return nil, err
	}
	return variants, images.Wait()
}

// notBuilt is the error of an image that does not build, nil for none.
func (r *Run) notBuilt(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case len(r.images) == 1:
		return r.env.Engine.Failure("the image does not build", err)
	}
	return r.env.Engine.Failure("the image "+name+" does not build", err)
}

// BuildImage returns the first image that Build would push, after the same checks. It
// pushes nothing and needs only Engine and Tree of the environment.
func BuildImage(ctx context.Context, app description.Application, opts Options, env Environment) (*dagger.Container, error) {
	r, err := newRun(app, opts, env)
	if err != nil {
		return nil, err
	}
	variants, err := r.compile(ctx)
	if err != nil {
		return nil, err
	}
	return variants[0][0], nil
}

// target is a stage of a Dockerfile; every build is told the version.
func (r *Run) target(build description.Build, platform string) *dagger.Container {
	args := []dagger.BuildArg{{Name: "VERSION", Value: r.opts.Version}, {Name: "COMMIT", Value: r.opts.Commit}}
	return r.dockerStage(build, platform, args)
}

// dockerStage is one that is not told the version, so that the next commit finds it in the cache.
func (r *Run) dockerStage(build description.Build, platform string, args []dagger.BuildArg) *dagger.Container {
	for _, name := range slices.Sorted(maps.Keys(build.Args)) {
		args = append(args, dagger.BuildArg{Name: name, Value: build.Args[name]})
	}
	return r.env.Engine.Source(build.Context).DockerBuild(dagger.DirectoryDockerBuildOpts{
		Dockerfile: build.Dockerfile, Target: build.Target, BuildArgs: args, Platform: dagger.Platform(platform)})
}

// gate builds a stage of a Dockerfile that runs checks or tests, or runs a command.
func (r *Run) gate(ctx context.Context, check description.Check) error {
	c := r.dockerStage(check.Build, "", nil)
	if check.Image != "" {
		c = r.published(check.Image, check.Build.Context, check.Env).WithExec(check.Command)
	}
	_, err := c.Sync(ctx)
	if err == nil {
		return nil
	}
	if command := (*dagger.ExecError)(nil); !errors.As(err, &command) {
		return r.env.Engine.Failure("build "+check.Name, err)
	}
	failure := r.env.Engine.Failure(check.Name+" fail", err)
	failure.Code = exit.Checks
	return failure
}

// published is a published image with a copy of a folder as its working directory.
func (r *Run) published(image, folder string, env map[string]string) *dagger.Container {
	c := r.env.Engine.Image(image).WithDirectory(sourceFolder, r.env.Engine.Source(folder)).WithWorkdir(sourceFolder)
	return withEnv(c, env)
}

// sourceFolder is where commands in published images find the source.
const sourceFolder = "/source"

func withEnv(c *dagger.Container, env map[string]string) *dagger.Container {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		c = c.WithEnvVariable(name, env[name])
	}
	return c
}

// publish has the engine push one variant of an image and returns its digest. Where the registry does not move the tag, the
// run's own is used: it cannot be told from the engine's error.
func (r *Run) publish(ctx context.Context, i *artifact.Image, variant *dagger.Container, n int) (string, error) {
	reference, err := r.env.Engine.Login(variant).Publish(ctx, i.Repo.String()+":"+image.EngineTag)
	if err != nil && ctx.Err() == nil {
		if _, there := r.env.Registry.Digest(ctx, i.Repo, image.EngineTag); there == nil {
			reference, err = r.env.Engine.Login(variant).Publish(ctx, i.Repo.String()+":"+image.RunTag(r.opts.Run, n))
		}
	}
	if err != nil {
		return "", err
	}
	_, digest, found := strings.Cut(reference, "@")
	if !found {
		return "", fmt.Errorf("the engine pushed %s, without a digest", reference)
	}
	return digest, nil
}

// tolerate lets a run go on whose VERSION-beta is another image's and stays that: all that follows goes by digest.
func (r *Run) tolerate(err error) error {
	if errors.Is(err, image.ErrImmutable) {
		r.note("build", "warning: "+err.Error())
		return nil
	}
	return err
}
