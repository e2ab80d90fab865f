package pipeline

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"
)

// engineVersion is the SDK's version, too: both are released together.
const engineVersion = "dagger v0.21.8"

// Build runs static checks and unit tests, then builds the image and pushes it
// as VERSION-beta.
func (r *Run) Build(ctx context.Context) error {
	if r.outdated != nil {
		return r.outdated
	}
	defer r.engineTime()()
	has, lacks := r.checks()
	r.note("build", strings.Join(append(has, "image"), ", "))
	shipped, err := r.compile(ctx)
	if err != nil {
		return err
	}
	tag := r.opts.Version + "-beta"
	r.note("build", "push "+tag)
	if _, err := r.env.Engine.Login(shipped).Publish(ctx, r.repository.String()+":"+tag); err != nil {
		return r.engineFailure("push "+tag, err)
	}
	digest, err := r.env.Registry.Stamp(ctx, r.repository, tag, r.opts.Built) // the same commit, the same digest
	r.digest, r.report.Digest, r.detail = digest, digest, strings.Join(append([]string{digest}, lacks...), ", ")
	return err
}

// checks names what is checked before the image ships, and what its Dockerfile has no
// stage for.
func (r *Run) checks() (has, lacks []string) {
	for _, check := range []struct{ target, what string }{{r.app.CheckTarget, "static checks"}, {r.app.UnitTarget, "unit tests"}} {
		if check.target != "" {
			has = append(has, check.what)
		} else {
			lacks = append(lacks, "no "+check.what)
		}
	}
	return has, lacks
}

// compile returns the image once all checks have passed. The image and that of the
// tests are built while the checks run.
func (r *Run) compile(ctx context.Context) (*dagger.Container, error) {
	shipped := r.target("", dagger.BuildArg{Name: "VERSION", Value: r.opts.Version}, dagger.BuildArg{Name: "COMMIT", Value: r.opts.Commit})

	var checks, images errgroup.Group
	checks.Go(func() error { return r.gate(ctx, r.app.CheckTarget, "static checks") })
	checks.Go(func() error { return r.gate(ctx, r.app.UnitTarget, "unit tests") })
	images.Go(func() (err error) { shipped, err = shipped.Sync(ctx); return err })
	if r.tested() {
		r.tests = r.target(r.app.TestTarget)
		images.Go(func() (err error) { r.tests, err = r.tests.Sync(ctx); return err })
	}
	if err := checks.Wait(); err != nil {
		return nil, err
	}
	if err := images.Wait(); err != nil {
		return nil, r.engineFailure("the image does not build", err)
	}
	return shipped, nil
}

// BuildImage returns the image that Build would push, after the same checks and unit
// tests. It pushes nothing and needs only Engine and Tree of the environment.
func BuildImage(ctx context.Context, app Application, opts Options, env Environment) (*dagger.Container, error) {
	r, err := newRun(app, opts, env)
	if err != nil {
		return nil, err
	}
	return r.compile(ctx)
}

// target is a stage of the application's Dockerfile; "" is the last.
func (r *Run) target(name string, args ...dagger.BuildArg) *dagger.Container {
	return r.env.Engine.Source.DockerBuild(dagger.DirectoryDockerBuildOpts{Dockerfile: r.app.Dockerfile, Target: name, BuildArgs: args})
}

// gate builds a target of the Dockerfile that runs checks or tests.
func (r *Run) gate(ctx context.Context, target, what string) error {
	if target == "" {
		return nil
	}
	if _, err := r.target(target).Sync(ctx); err != nil {
		if command := (*dagger.ExecError)(nil); !errors.As(err, &command) {
			return r.engineFailure("build "+target, err)
		}
		failure := r.engineFailure(what+" fail", err)
		failure.Code = ExitChecks
		return failure
	}
	return nil
}

// engineFailure returns the Failure for an error of the engine: a command in the build
// has failed, or the engine no longer answers.
func (r *Run) engineFailure(what string, err error) *Failure {
	failure := &Failure{Code: ExitBuild, Cause: what + ": " + firstLine(engineID.ReplaceAllString(err.Error(), "")), Err: err, logged: true}
	var command *dagger.ExecError
	switch {
	case errors.As(err, &command):
		failure.Cause = what
		failure.Evidence = failedLines(command.Stdout + "\n" + command.Stderr)
	case engineGone(err):
		failure.Code, failure.Try = ExitUnreachable, "check that the engine is running: `go run ./ci sandbox status`"
	}
	return failure
}

// engineID matches the ids in the engine's errors: kilobytes that encode all former
// steps and help nobody.
var engineID = regexp.MustCompile(`load \S+: (inputs: )?`)

// engineGone reports whether the engine at the other end of the session no longer answers.
func engineGone(err error) bool {
	text := err.Error()
	for _, sign := range []string{"connection refused", "connection reset", "EOF", "broken pipe"} {
		if strings.Contains(text, "Post \"http://dagger/query\"") && strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

// lastLines returns the last lines of a text that are not empty, at most count.
func lastLines(text string, count int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-count):]
}
