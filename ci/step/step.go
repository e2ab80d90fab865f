// Package step runs what an application adds between two stages: in a container of the engine, or as a function of a module, which is told what is known of the
// run, and of which files, test cases, results of a scan and a line for people are taken. It does not know which stages there
// are, nor that there is a cluster.
package step

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/builder"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/step/function"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// Given is what a step is told. What is empty is not known yet, or there is none.
type Given struct {
	Image, Digest string         // of the first image
	Address       string         // base URL of production
	Environment   string         // where production is one of several
	Names         []testrun.Name // that a container needs to get there
	Report        report.Report  // as far as it is known
}

// Runner runs steps for a run.
type Runner struct {
	Builder builder.Builder // has their containers
	Dir     *report.Dir     // for what they print and leave
	Log     *engine.Log     // of the session
}

// reportFolder is where a step finds the run's reports.
const reportFolder = "/slipway/report"

// Run runs a step. It is never taken from the engine's cache: it may do something elsewhere.
func (r Runner) Run(ctx context.Context, s description.Step, given Given) (Outcome, error) {
	if s.Module != "" {
		return r.call(ctx, s, given)
	}
	known, remove, err := r.known(given.Report)
	if err != nil {
		return Outcome{}, err
	}
	defer remove()
	c := r.Builder.Suite(suite(s)).WithDirectory(reportFolder, r.Builder.Engine.Folder(known))
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		c = c.WithSecretVariable(name, r.Builder.Engine.Secret(string(s.Secrets[name])))
	}
	ran, err := testrun.Execute(ctx, r.Builder.Engine, r.Dir, c, testrun.Command{What: "step " + s.Name, Line: s.Command, Names: given.Names, Leaves: []string{s.JUnit, s.SARIF},
		Log: s.Name, Variables: r.told(given)})
	if err != nil {
		return Outcome{}, err
	}
	code, output := ran.Code, ran.Output
	outcome, missing := r.take(ctx, ran.Container, s)
	outcome.Said = said(output)
	switch {
	case code != 0:
		return outcome, &exit.Failure{Code: exit.Build, Cause: fmt.Sprintf("step %s ended with exit code %d", s.Name, code), Evidence: engine.FailedLines(output),
			Try: "read " + r.Dir.LogPath(s.Name), Err: errors.New("the command failed")}
	case missing != nil:
		return outcome, missing
	}
	return outcome, r.cases(s, outcome, output)
}

// cases fails with a case of a step's tests.
func (r Runner) cases(s description.Step, outcome Outcome, output string) error {
	if !slices.ContainsFunc(outcome.Tests, func(t report.Test) bool { return t.Result == report.Failed }) {
		return nil
	}
	return &exit.Failure{Code: exit.Build, Cause: fmt.Sprintf("step %s: tests fail", s.Name), Evidence: engine.FailedLines(output),
		Try: "read " + r.Dir.LogPath(s.Name), Err: errors.New("cases of " + s.JUnit + " failed")}
}

// suite is the container that a step has in common with one of tests.
func suite(s description.Step) description.Suite {
	return description.Suite{Build: s.Build, Image: s.Image, Env: s.Env}
}

// told are the variables that every step gets.
func (r Runner) told(given Given) []testrun.Variable {
	return []testrun.Variable{
		{Name: "VERSION", Value: r.Builder.Version}, {Name: "COMMIT", Value: r.Builder.Commit}, {Name: "IMAGE", Value: given.Image}, {Name: "DIGEST", Value: given.Digest},
		{Name: "ADDRESS", Value: given.Address}, {Name: "ENVIRONMENT", Value: given.Environment}, {Name: "RESULT", Value: string(given.Report.Result)}, {Name: "REPORT", Value: reportFolder}, {Name: "SLIPWAY_RUN", Value: r.Builder.Run},
	}
}

// Ready builds, or pulls, the image of a step, or compiles its module.
func (r Runner) Ready(ctx context.Context, s description.Step) error {
	if s.Module != "" {
		return r.compile(ctx, s)
	}
	if _, err := r.Builder.Suite(suite(s)).Sync(ctx); err != nil {
		return r.Builder.Engine.Failure("the image of step "+s.Name+" cannot be had", err)
	}
	return nil
}

// Check asks for each secret of steps, and whether their functions take what they are given, so that what is missing is known
// before anything is built. The error, of exit code 2, holds no secret.
func (r Runner) Check(ctx context.Context, steps []description.Step) error {
	for _, s := range steps {
		if err := r.checkSecrets(ctx, s); err != nil {
			return err
		}
	}
	for _, s := range steps {
		if s.Module == "" {
			continue
		}
		if _, err := function.Load(ctx, r.Builder.Engine, s); err != nil {
			return err
		}
	}
	return nil
}

func (r Runner) checkSecrets(ctx context.Context, s description.Step) error {
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
		r.Log.Mask(text)
	}
	return nil
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
