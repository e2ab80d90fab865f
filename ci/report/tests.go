package report

import (
	"strings"

	"github.com/jstemmer/go-junit-report/v2/gtr"
	"github.com/jstemmer/go-junit-report/v2/parser/gotest"
)

// ParseTests returns the tests in the output of `go test -v` or of a test binary
// with -test.v; none for other output.
func ParseTests(output, at string) []Test {
	parsed, err := gotest.NewParser().Parse(strings.NewReader(output))
	if err != nil {
		return nil
	}
	var out []Test
	for _, ran := range parsed.Packages {
		for _, test := range ran.Tests {
			one := Test{Name: test.Name, Result: Passed, Seconds: Seconds(test.Duration), At: at}
			switch test.Result {
			case gtr.Fail:
				one.Result, one.Output = Failed, cleanLines(test.Output)
			case gtr.Skip:
				one.Result = Skipped
			case gtr.Unknown: // it was running when the process ended
				one.Result, one.Output = Failed, "it did not end"
			}
			out = append(out, one)
		}
	}
	return out
}

// outputLines bounds what is kept of a failed test; all of it is in the stage's log.
const outputLines = 50

func cleanLines(lines []string) string {
	out := make([]string, 0, min(len(lines), outputLines))
	for _, line := range lines[:min(len(lines), outputLines)] {
		out = append(out, clean(line))
	}
	return strings.Join(out, "\n")
}
