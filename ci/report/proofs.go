package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

var errNoTestRan = errors.New("no test ran")

// ParseJUnit returns the tests of a JUnit file, which may hold one suite or several. It is
// an error when it cannot be read, or when none of its tests ran.
func ParseJUnit(content, at string) ([]Test, error) {
	var file struct {
		XMLName xml.Name
		junit.Testsuite
		Suites []suite `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(content), &file); err != nil {
		return nil, fmt.Errorf("not a JUnit file: %w", err)
	}
	if name := file.XMLName.Local; name != "testsuites" && name != "testsuite" {
		return nil, fmt.Errorf("not a JUnit file: its root is <%s>", name)
	}
	out := testsOf(suite{Testsuite: file.Testsuite, Suites: file.Suites}, at)
	return out, proven(out)
}

// suite may hold others, as those of JavaScript's runners do.
type suite struct {
	junit.Testsuite
	Suites []suite `xml:"testsuite"`
}

func testsOf(s suite, at string) (out []Test) {
	for _, ran := range s.Testcases {
		seconds, _ := strconv.ParseFloat(strings.ReplaceAll(ran.Time, ",", ""), 64)
		one := Test{Name: strings.TrimPrefix(ran.Classname+"."+ran.Name, "."), Result: Passed, Seconds: Seconds(time.Duration(seconds * float64(time.Second))), At: at}
		switch {
		case ran.Failure != nil:
			one.Result, one.Output = Failed, cleanLines(strings.Split(strings.TrimSpace(ran.Failure.Message+"\n"+ran.Failure.Data), "\n"))
		case ran.Error != nil:
			one.Result, one.Output = Failed, cleanLines(strings.Split(strings.TrimSpace(ran.Error.Message+"\n"+ran.Error.Data), "\n"))
		case ran.Skipped != nil:
			one.Result = Skipped
		}
		out = append(out, one)
	}
	for _, inner := range s.Suites {
		out = append(out, testsOf(inner, at)...)
	}
	return out
}

// The lines of the Test Anything Protocol that count (https://testanything.org/tap-version-14-specification.html);
// those of subtests are indented, and their parent's line says how they ended.
var (
	tapPoint = regexp.MustCompile(`^(not )?ok\b(?:\s+\d+)?(?:\s+-)?\s*([^#]*)(?:#\s*(?i:(skip|todo))\S*\s*(.*))?$`)
	tapPlan  = regexp.MustCompile(`^1\.\.(\d+)`)
)

// ParseTAP returns the tests in output of the Test Anything Protocol. It is an error when
// none ran, when it was bailed out of, or when others ran than were planned.
func ParseTAP(output, at string) ([]Test, error) {
	var out []Test
	planned, err := -1, error(nil)
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if reason, bailed := strings.CutPrefix(line, "Bail out!"); bailed {
			err = errors.New(strings.TrimSpace("the tests bailed out " + strings.TrimSpace(reason)))
		}
		if plan := tapPlan.FindStringSubmatch(line); plan != nil {
			planned, _ = strconv.Atoi(plan[1])
		}
		point := tapPoint.FindStringSubmatch(line)
		if point == nil {
			continue
		}
		one := Test{Name: strings.TrimSpace(point[2]), Result: Passed, At: at}
		if one.Name == "" {
			one.Name = fmt.Sprintf("test %d", len(out)+1)
		}
		switch {
		case point[3] != "": // what is still to do may fail
			one.Result = Skipped
		case point[1] != "":
			one.Result, one.Output = Failed, clean(line)
		}
		out = append(out, one)
	}
	switch {
	case err != nil:
		return out, err
	case planned >= 0 && planned != len(out):
		return out, fmt.Errorf("%d tests were planned and %d ran", planned, len(out))
	}
	return out, proven(out)
}

// proven is an error when all were skipped, or there are none.
func proven(tests []Test) error {
	for _, test := range tests {
		if test.Result != Skipped {
			return nil
		}
	}
	return errNoTestRan
}
