package testrun

import (
	"context"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// testsOf returns the tests that a suite ran, or one for the whole suite if it does not
// list any, and why it is not proven that tests ran: a pattern that matches no test
// passes, too, and must not ship anything.
func testsOf(ctx context.Context, c *dagger.Container, suite description.Suite, at Place, output string, code int) (tests []report.Test, unproven string) {
	switch {
	case suite.JUnit != "":
		content, err := c.File(suite.JUnit).Contents(ctx)
		if err != nil {
			unproven = "the tests have left no file " + suite.JUnit
			break
		}
		if tests, err = report.ParseJUnit(content, at.Address); err != nil {
			unproven = suite.JUnit + ": " + err.Error()
		}
	case suite.TAP:
		var err error
		if tests, err = report.ParseTAP(output, at.Address); err != nil {
			unproven = err.Error()
		}
	default:
		tests = report.ParseTests(output, at.Address)
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
	whole := report.Test{Name: strings.TrimSpace(suite.Name + " " + at.Stage + " tests"), Result: report.Passed, At: at.Address}
	if code != 0 {
		whole.Result, whole.Output = report.Failed, strings.Join(engine.LastLines(output, 20), "\n")
	}
	return []report.Test{whole}, unproven
}

// cases are the tests of a suite, for its span.
var cases = map[report.Result]trace.Case{report.Passed: trace.CasePassed, report.Failed: trace.CaseFailed, report.Skipped: trace.CaseSkipped}
