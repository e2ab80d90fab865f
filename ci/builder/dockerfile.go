package builder

import (
	"context"
	"maps"
	"slices"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
)

// target is a stage of a Dockerfile; every build is told the version.
func (b Builder) target(build description.Build, platform string) *dagger.Container {
	args := []dagger.BuildArg{{Name: "VERSION", Value: b.Version}, {Name: "COMMIT", Value: b.Commit}}
	return b.dockerStage(build, platform, args)
}

// dockerStage is one that is not told the version, so that the next commit finds it in the cache.
func (b Builder) dockerStage(build description.Build, platform string, args []dagger.BuildArg) *dagger.Container {
	for _, name := range slices.Sorted(maps.Keys(build.Args)) {
		args = append(args, dagger.BuildArg{Name: name, Value: build.Args[name]})
	}
	return b.Engine.Source(build.Context).DockerBuild(dagger.DirectoryDockerBuildOpts{
		Dockerfile: build.Dockerfile, Target: build.Target, BuildArgs: args, Platform: dagger.Platform(platform)})
}

// published is a published image with a copy of a folder as its working directory.
func (b Builder) published(image, folder string, env map[string]string) *dagger.Container {
	c := b.Engine.Image(image).WithDirectory(sourceFolder, b.Engine.Source(folder)).WithWorkdir(sourceFolder)
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

// Suite holds a suite's command.
func (b Builder) Suite(suite description.Suite) *dagger.Container {
	if suite.Image != "" {
		return b.published(suite.Image, suite.Build.Context, suite.Env)
	}
	return withEnv(b.dockerStage(suite.Build, "", nil), suite.Env)
}

// BuildSuite builds, or pulls, the image of a suite.
func (b Builder) BuildSuite(ctx context.Context, suite description.Suite) error {
	if _, err := b.Suite(suite).Sync(ctx); err != nil {
		if suite.Image != "" {
			return b.Engine.Failure("the tests' image "+suite.Image+" cannot be had", err)
		}
		return b.Engine.Failure("the tests' image does not build", err)
	}
	return nil
}
