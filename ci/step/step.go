// Package step runs what an application adds between two stages: in a container of the engine, which is told what is known of the
// run, and of which files, test cases, results of a scan and a line for people are taken. It does not know which stages there
// are, nor that there is a cluster.
package step

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/builder"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/testrun"
	"github.com/slipway-cd/slipway/ci/trace"
)

// Given is what a step is told. What is empty is not known yet, or there is none.
type Given struct {
	Image, Digest string         // of the first image
	Address       string         // base URL of production
	Names         []testrun.Name // that a container needs to get there
	Report        report.Report  // as far as it is known
}

// Runner runs steps for a run.
type Runner struct {
	Builder builder.Builder // has their containers
	Dir     *report.Dir     // for what they print and leave
}

// reportFolder is where a step finds the run's reports.
const reportFolder = "/slipway/report"

// Run runs a step. It is never taken from the engine's cache: it may do something elsewhere.
func (r Runner) Run(ctx context.Context, s description.Step, given Given) (Outcome, error) {
	known, remove, err := r.known(given.Report)
	if err != nil {
		return Outcome{}, err
	}
	defer remove()
	c := r.told(ctx, s, given).WithDirectory(reportFolder, r.Builder.Engine.Folder(known)).WithEnvVariable("REPORT", reportFolder)
	for _, file := range []string{s.JUnit, s.SARIF} {
		if file != "" { // what was there before proves nothing
			c = c.WithoutFile(file)
		}
	}
	c = c.WithExec(s.Command, dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny, UseEntrypoint: len(s.Command) == 0})
	code, err := c.ExitCode(ctx)
	if err != nil {
		return Outcome{}, r.Builder.Engine.Failure("run step "+s.Name, err)
	}
	output, err := r.output(ctx, s.Name, c)
	if err != nil {
		return Outcome{}, err
	}
	outcome, missing := r.take(ctx, c, s)
	outcome.Said = said(output)
	switch {
	case code != 0:
		return outcome, &exit.Failure{Code: exit.Build, Cause: fmt.Sprintf("step %s ended with exit code %d", s.Name, code), Evidence: engine.FailedLines(output),
			Try: "read " + r.Dir.LogPath(s.Name), Err: errors.New("the command failed")}
	case missing != nil:
		return outcome, missing
	case slices.ContainsFunc(outcome.Tests, func(t report.Test) bool { return t.Result == report.Failed }):
		return outcome, &exit.Failure{Code: exit.Build, Cause: fmt.Sprintf("step %s: tests fail", s.Name), Evidence: engine.FailedLines(output),
			Try: "read " + r.Dir.LogPath(s.Name), Err: errors.New("cases of " + s.JUnit + " failed")}
	}
	return outcome, nil
}

// suite is the container that a step has in common with one of tests.
func suite(s description.Step) description.Suite {
	return description.Suite{Build: s.Build, Image: s.Image, Env: s.Env}
}

// told is the step's container with its environment.
func (r Runner) told(ctx context.Context, s description.Step, given Given) *dagger.Container {
	c := r.Builder.Suite(suite(s))
	for _, known := range given.Names {
		c = c.WithServiceBinding(known.Host, known.At)
	}
	for _, variable := range []struct{ name, value string }{
		{"VERSION", r.Builder.Version}, {"COMMIT", r.Builder.Commit}, {"IMAGE", given.Image}, {"DIGEST", given.Digest}, {"ADDRESS", given.Address},
		{"RESULT", string(given.Report.Result)}, {"SLIPWAY_RUN", r.Builder.Run}, {"SLIPWAY_NOW", time.Now().Format(time.RFC3339Nano)}, // never cached
	} {
		if variable.value != "" {
			c = c.WithEnvVariable(variable.name, variable.value)
		}
	}
	for _, variable := range trace.Environment(ctx) {
		c = c.WithEnvVariable(variable.Name, variable.Value)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		c = c.WithSecretVariable(name, r.Builder.Engine.Secret(string(s.Secrets[name])))
	}
	return c
}

// Ready builds, or pulls, the image of a step.
func (r Runner) Ready(ctx context.Context, s description.Step) error {
	if _, err := r.Builder.Suite(suite(s)).Sync(ctx); err != nil {
		return r.Builder.Engine.Failure("the image of step "+s.Name+" cannot be had", err)
	}
	return nil
}

// CheckSecrets asks for each secret of a step, so that one that is missing is known before anything is built. The error, of exit
// code 2, holds none of them.
func (r Runner) CheckSecrets(ctx context.Context, s description.Step) error {
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		text, err := r.Builder.Engine.Secret(string(s.Secrets[name])).Plaintext(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return exit.Usagef("steps: %s: secret %s: %s cannot be read: %w", s.Name, name, s.Secrets[name], err)
		case text == "":
			return exit.Usagef("steps: %s: secret %s: %s is empty", s.Name, name, s.Secrets[name])
		}
	}
	return nil
}

// output returns what a step printed and writes it to its log.
func (r Runner) output(ctx context.Context, name string, c *dagger.Container) (string, error) {
	stdout, err := c.Stdout(ctx)
	if err != nil {
		return "", r.Builder.Engine.Failure("read what step "+name+" printed", err)
	}
	stderr, err := c.Stderr(ctx)
	if err != nil {
		return "", r.Builder.Engine.Failure("read what step "+name+" printed", err)
	}
	log, err := r.Dir.Log(name)
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(log, stdout+stderr)
	return stdout + stderr, err
}

// said is what a step says of itself in the run's summary: its last line that begins so.
func said(output string) (last string) {
	for line := range strings.Lines(output) {
		if text, ok := strings.CutPrefix(line, "summary: "); ok {
			last = strings.TrimSpace(text)
		}
	}
	return last
}
