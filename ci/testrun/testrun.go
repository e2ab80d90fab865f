// Package testrun runs an application's test suites in containers of the engine against a version of it, and finds out which tests
// ran and whether they passed; where there are no suites, it asks for the application's health. It does not know where the version
// is deployed, nor how it is reached.
package testrun

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/builder"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/journal"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// Place is where the suites of a stage test a version of the application.
type Place struct {
	Stage   string
	Address string // base URL that the tests get as ADDRESS; empty: there is none
	Health  string // below it
	Version string // that they expect there
	Names   []Name // that the tests' containers know beside those of their network
	Code    int    // exit code of a failure
	// Ask asks for the health where there are no suites; nil: the address answered already.
	Ask func(context.Context) error
}

// Name is a host name by which a container reaches a service.
type Name struct {
	Host string
	At   *dagger.Service
}

// Runner runs suites for a run.
type Runner struct {
	Builder builder.Builder // has their containers
	Run     string          // the run's id, which the tests get as SLIPWAY_RUN
	Dir     *report.Dir     // for what they print
	Journal *journal.Journal
	Passed  func(Outcome) // takes what passed
}

// Outcome is a suite that passed or, where there is none, an application that answered, or that is ready.
type Outcome struct {
	Stage   string
	Name    string
	Command []string
	Health  bool // nothing but its health was asked for
	Started time.Time
	Tests   []report.Test
}

// RunSuites runs suites one after the other, or asks for the health where there are none.
func (r Runner) RunSuites(ctx context.Context, suites []description.Suite, at Place) error {
	if len(suites) == 0 {
		return r.askHealth(ctx, at)
	}
	for _, suite := range suites {
		if err := r.runOne(ctx, suite, at); err != nil {
			return err
		}
	}
	return nil
}

// runOne runs tests that were compiled before. It is never taken from the engine's
// cache, since its result depends on the cluster.
func (r Runner) runOne(ctx context.Context, suite description.Suite, at Place) (err error) {
	defer r.Journal.EngineTime()()
	started := time.Now()
	r.Journal.Note(at.Stage, strings.TrimSpace(suite.Name+" tests at ")+" "+at.Address)
	ctx, span := trace.Tests(ctx, at.Stage, at.Address)
	defer func() { span.End(ctx, err) }()
	ran, err := Execute(ctx, r.Builder.Engine, r.Dir, r.Builder.Suite(suite), Command{What: "tests", Line: filled(suite.Command, at), Names: at.Names, Leaves: []string{suite.JUnit},
		Log: at.Stage, Variables: []Variable{{"ADDRESS", at.Address}, {"VERSION", at.Version}, {"SLIPWAY_RUN", r.Run}}})
	if err != nil {
		return err
	}
	code, output := ran.Code, ran.Output
	tests, unproven := testsOf(ctx, ran.Container, suite, at, output, code)
	r.Journal.Ran(tests...)
	for _, test := range tests {
		span.Case(test.Name, cases[test.Result], test.Seconds)
	}
	failed := slices.ContainsFunc(tests, func(t report.Test) bool { return t.Result == report.Failed })
	switch {
	case code != 0 || failed && unproven == "":
		return &exit.Failure{Code: at.Code, Cause: cause(suite, at), Evidence: engine.FailedLines(output),
			Try: "read " + r.Dir.LogPath(at.Stage), Err: fmt.Errorf("tests ended with exit code %d", code)}
	case unproven != "":
		return &exit.Failure{Code: at.Code, Cause: unproven, Evidence: engine.LastLines(output, 5), Err: errors.New("nothing proves that tests ran")}
	}
	r.Passed(Outcome{Stage: at.Stage, Name: suite.Name, Command: suite.Command, Started: started, Tests: tests})
	return nil
}

func cause(suite description.Suite, at Place) string {
	return strings.TrimSpace(strings.TrimSpace(suite.Name+" tests fail at ") + " " + at.Address)
}

// filled replaces $(ADDRESS) and $(VERSION), since a published image may have no shell to do so.
func filled(command []string, at Place) (out []string) {
	replacer := strings.NewReplacer("$(ADDRESS)", at.Address, "$(VERSION)", at.Version)
	for _, argument := range command {
		out = append(out, replacer.Replace(argument))
	}
	return out
}
