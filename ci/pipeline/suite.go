package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// place is where the suites of a stage test a version of the application.
type place struct {
	stage   string
	address string // base URL that the tests get as ADDRESS; empty: there is none
	health  string // below it
	version string // that they expect there
	names   []name // that the tests' containers know beside those of their network
	code    int    // exit code of a failure
	// ask asks for the health where there are no suites; nil: the address answered already.
	ask func(context.Context) error
}

// name is a host name by which a container reaches a service.
type name struct {
	host string
	at   *dagger.Service
}

// runSuites runs suites one after the other, or asks for the health where there are none.
func (r *Run) runSuites(ctx context.Context, suites []description.Suite, at place) error {
	if len(suites) == 0 {
		return r.askHealth(ctx, at)
	}
	for _, suite := range suites {
		if err := r.runSuite(ctx, suite, at); err != nil {
			return err
		}
	}
	return nil
}

// runSuite runs tests that were compiled before. It is never taken from the engine's
// cache, since its result depends on the cluster.
func (r *Run) runSuite(ctx context.Context, suite description.Suite, at place) (err error) {
	defer r.journal.EngineTime()()
	started := time.Now()
	r.note(at.stage, strings.TrimSpace(suite.Name+" tests at ")+" "+at.address)
	ctx, span := trace.Tests(ctx, at.stage, at.address)
	defer func() { span.End(ctx, err) }()
	c := r.builder().Suite(suite)
	for _, known := range at.names {
		c = c.WithServiceBinding(known.host, known.at)
	}
	if at.address != "" {
		c = c.WithEnvVariable("ADDRESS", at.address)
	}
	c = c.WithEnvVariable("VERSION", at.version).
		WithEnvVariable("SLIPWAY_RUN", r.opts.Run).
		WithEnvVariable("SLIPWAY_NOW", time.Now().Format(time.RFC3339Nano)) // never cached
	// If the engine makes a span for the command, it sets TRACEPARENT to that.
	for _, variable := range trace.Environment(ctx) {
		c = c.WithEnvVariable(variable.Name, variable.Value)
	}
	if suite.JUnit != "" { // what was there before proves nothing
		c = c.WithoutFile(suite.JUnit)
	}
	command := filled(suite.Command, at)
	c = c.WithExec(command, dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny, UseEntrypoint: len(command) == 0})
	code, err := c.ExitCode(ctx)
	if err != nil {
		return r.env.Engine.Failure("run tests", err)
	}
	output, err := r.suiteOutput(ctx, at.stage, c)
	if err != nil {
		return err
	}
	tests, unproven := r.testsOf(ctx, c, suite, at, output, code)
	r.journal.Ran(tests...)
	for _, test := range tests {
		span.Case(test.Name, cases[test.Result], test.Seconds)
	}
	failed := slices.ContainsFunc(tests, func(t report.Test) bool { return t.Result == report.Failed })
	switch {
	case code != 0 || failed && unproven == "":
		return &exit.Failure{Code: at.code, Cause: cause(suite, at), Evidence: engine.FailedLines(output),
			Try: "read " + r.env.Dir.LogPath(at.stage), Err: fmt.Errorf("tests ended with exit code %d", code)}
	case unproven != "":
		return &exit.Failure{Code: at.code, Cause: unproven, Evidence: engine.LastLines(output, 5), Err: errors.New("nothing proves that tests ran")}
	}
	r.passed(at.stage, suite.Name, suite.Command, started, tests)
	return nil
}

func cause(suite description.Suite, at place) string {
	return strings.TrimSpace(strings.TrimSpace(suite.Name+" tests fail at ") + " " + at.address)
}

// filled replaces $(ADDRESS) and $(VERSION), since a published image may have no shell to do so.
func filled(command []string, at place) (out []string) {
	replacer := strings.NewReplacer("$(ADDRESS)", at.address, "$(VERSION)", at.version)
	for _, argument := range command {
		out = append(out, replacer.Replace(argument))
	}
	return out
}

// testsOf returns the tests that a suite ran, or one for the whole suite if it does not
// list any, and why it is not proven that tests ran: a pattern that matches no test
// passes, too, and must not ship anything.
func (r *Run) testsOf(ctx context.Context, c *dagger.Container, suite description.Suite, at place, output string, code int) (tests []report.Test, unproven string) {
	switch {
	case suite.JUnit != "":
		content, err := c.File(suite.JUnit).Contents(ctx)
		if err != nil {
			unproven = "the tests have left no file " + suite.JUnit
			break
		}
		if tests, err = report.ParseJUnit(content, at.address); err != nil {
			unproven = suite.JUnit + ": " + err.Error()
		}
	case suite.TAP:
		var err error
		if tests, err = report.ParseTAP(output, at.address); err != nil {
			unproven = err.Error()
		}
	default:
		tests = report.ParseTests(output, at.address)
		if !strings.Contains(output, suite.Passed) {
			unproven = "no test ran: " + strings.Join(suite.Command, " ")
		}
	}
	if len(tests) > 0 {
		return tests, unproven
	}
	if unproven == "" && suite.Passed == "" {
		unproven = "no test ran: " + strings.Join(suite.Command, " ")
	}
	whole := report.Test{Name: strings.TrimSpace(suite.Name + " " + at.stage + " tests"), Result: report.Passed, At: at.address}
	if code != 0 {
		whole.Result, whole.Output = report.Failed, strings.Join(engine.LastLines(output, 20), "\n")
	}
	return []report.Test{whole}, unproven
}

// suiteOutput returns what the tests printed and writes it to the stage's log.
func (r *Run) suiteOutput(ctx context.Context, stage string, c *dagger.Container) (string, error) {
	stdout, err := c.Stdout(ctx)
	if err != nil {
		return "", r.env.Engine.Failure("read the tests' output", err)
	}
	stderr, err := c.Stderr(ctx)
	if err != nil {
		return "", r.env.Engine.Failure("read the tests' output", err)
	}
	log, err := r.env.Dir.Log(stage)
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(log, stdout+stderr)
	return stdout + stderr, err
}
