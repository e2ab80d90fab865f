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

	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// suite is one execution of the application's tests in a container.
type suite struct {
	stage   string
	command []string
	address string                      // base URL that the tests get as ADDRESS
	version string                      // that they expect there
	service *dagger.Service             // reached under the Service's name, or nil
	code    int                         // exit code of a failure
	ask     func(context.Context) error // asks for the health where no command is given; nil: the address answered already
}

// runSuite runs tests that were compiled before. It is never taken from the engine's
// cache, since its result depends on the cluster.
func (r *Run) runSuite(ctx context.Context, s suite) (err error) {
	if len(s.command) == 0 {
		return r.askHealth(ctx, s)
	}
	defer r.engineTime()()
	r.note(s.stage, "tests at "+s.address)
	ctx, span := trace.Tests(ctx, s.stage, s.address)
	defer func() { span.End(ctx, err) }()
	c := r.tests
	if s.service != nil {
		c = c.WithServiceBinding(r.app.Service, s.service)
	}
	c = c.WithEnvVariable("ADDRESS", s.address).
		WithEnvVariable("VERSION", s.version).
		WithEnvVariable("SLIPWAY_RUN", r.opts.Run).
		WithEnvVariable("SLIPWAY_NOW", time.Now().Format(time.RFC3339Nano)) // never cached
	// If the engine makes a span for the command, it sets TRACEPARENT to that.
	for _, variable := range trace.Environment(ctx) {
		c = c.WithEnvVariable(variable.Name, variable.Value)
	}
	c = c.WithExec(s.command, dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny})
	code, err := c.ExitCode(ctx)
	if err != nil {
		return r.engineFailure("run tests", err)
	}
	output, err := r.suiteOutput(ctx, s.stage, c)
	if err != nil {
		return err
	}
	tests := testsOf(output, s, code)
	r.ran = append(r.ran, tests...)
	for _, test := range tests {
		span.Case(test.Name, cases[test.Result], test.Seconds)
	}
	switch {
	case code != 0:
		return &Failure{Code: s.code, Cause: fmt.Sprintf("tests fail at %s", s.address), Evidence: failedLines(output),
			Try: "read " + r.env.Dir.LogPath(s.stage), Err: errors.New("tests ended with exit code " + fmt.Sprint(code))}
	case !strings.Contains(output, r.app.Passed):
		// A pattern that matches no test passes too; that must not ship anything.
		return &Failure{Code: s.code, Cause: "no test ran: " + strings.Join(s.command, " "), Evidence: lastLines(output, 5)}
	}
	return nil
}

// testsOf returns the tests that a suite ran, or one for the whole suite if its output
// does not list tests.
func testsOf(output string, s suite, code int) []report.Test {
	if tests := report.ParseTests(output, s.address); len(tests) > 0 {
		return tests
	}
	whole := report.Test{Name: s.stage + " tests", Result: report.Passed, At: s.address}
	if code != 0 {
		whole.Result, whole.Output = report.Failed, strings.Join(lastLines(output, 20), "\n")
	}
	return []report.Test{whole}
}

// suiteOutput returns what the tests printed and writes it to the stage's log.
func (r *Run) suiteOutput(ctx context.Context, stage string, c *dagger.Container) (string, error) {
	stdout, err := c.Stdout(ctx)
	if err != nil {
		return "", r.engineFailure("read the tests' output", err)
	}
	stderr, err := c.Stderr(ctx)
	if err != nil {
		return "", r.engineFailure("read the tests' output", err)
	}
	log, err := r.env.Dir.Log(stage)
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(log, stdout+stderr)
	return stdout + stderr, err
}

// failedLines picks the lines that say which tests failed, and why.
func failedLines(output string) []string {
	var failed, why []string
	for _, line := range lastLines(output, 1000) {
		switch {
		case strings.Contains(line, "--- FAIL"):
			failed = append(failed, line)
		case strings.Contains(line, "--- PASS") || strings.Contains(line, "=== RUN"):
		case strings.Contains(line, "Error") || strings.Contains(line, "expected") || strings.Contains(line, "actual"):
			if !slices.Contains(why, line) { // one assertion that fails in many tests
				why = append(why, line)
			}
		}
	}
	if len(failed)+len(why) == 0 {
		return lastLines(output, 10)
	}
	return append(failed[:min(len(failed), 10)], why[:min(len(why), 15)]...)
}
