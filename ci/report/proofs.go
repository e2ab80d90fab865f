package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"golang.org/x/text/encoding/ianaindex"
)

var errNoTestRan = errors.New("no test ran")

// ParseJUnit returns the tests of a JUnit file, which may hold one suite or several. It is
// an error when it cannot be read, when it counts tests that it does not list, or when
// none of its tests ran. Failures that it counts and does not list are a test of their own.
func ParseJUnit(content, at string) ([]Test, error) {
	decoder := xml.NewDecoder(strings.NewReader(content))
	decoder.CharsetReader = func(label string, input io.Reader) (io.Reader, error) {
		encoding, err := ianaindex.IANA.Encoding(label)
		if err != nil || encoding == nil {
			return nil, fmt.Errorf("its encoding %s is not known", label)
		}
		return encoding.NewDecoder().Reader(input), nil
	}
	var root suite
	if err := decoder.Decode(&root); err != nil {
		return nil, fmt.Errorf("not a JUnit file: %w", err)
	}
	if name := root.XMLName.Local; name != "testsuites" && name != "testsuite" {
		return nil, fmt.Errorf("not a JUnit file: its root is <%s>", name)
	}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if _, more := token.(xml.StartElement); err != nil || more {
			return nil, errors.New("not a JUnit file: something stands behind its end")
		}
	}
	out := testsOf(root, at)
	if counted := root.counted(); counted > len(out) {
		return out, fmt.Errorf("it counts %d tests and lists %d", counted, len(out))
	}
	return out, proven(out)
}

// suite may hold others, as those of JavaScript's runners do.
type suite struct {
	XMLName  xml.Name
	Name     string           `xml:"name,attr"`
	Tests    int              `xml:"tests,attr"`
	Errors   int              `xml:"errors,attr"`
	Failures int              `xml:"failures,attr"`
	Cases    []junit.Testcase `xml:"testcase"`
	Error    *junit.Result    `xml:"error"`
	Failure  *junit.Result    `xml:"failure"`
	Suites   []suite          `xml:"testsuite"`
}

// counted is how many tests the file says it has: the whole's number, or its parts'.
func (s suite) counted() int {
	sum := 0
	for _, inner := range s.Suites {
		sum += inner.counted()
	}
	return max(s.Tests, sum)
}

func testsOf(s suite, at string) (out []Test) {
	for _, ran := range s.Cases {
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
	failed := 0
	for _, test := range out {
		if test.Result == Failed {
			failed++
		}
	}
	if s.Errors+s.Failures > failed || (s.Error != nil || s.Failure != nil) && failed == 0 {
		out = append(out, Test{Name: strings.TrimSpace("suite " + s.Name), Result: Failed, At: at, Output: "it counts failures that none of its cases is"})
	}
	return out
}

// The lines of the Test Anything Protocol that count (https://testanything.org/tap-version-14-specification.html);
// those of subtests are indented, and their parent's line says how they ended.
var (
	tapPoint  = regexp.MustCompile(`^(not )?ok\b(?:\s+\d+)?(?:\s+-)?\s*(.*)$`)
	tapOption = regexp.MustCompile(`(?:^|[^\\])#\s*(?i:skip|todo)\b`)
	tapPlan   = regexp.MustCompile(`^1\.\.(\d+)`)
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
		left := tapOption.FindStringIndex(point[2])
		if left != nil {
			point[2] = point[2][:left[0]]
		}
		one := Test{Name: strings.TrimSpace(strings.ReplaceAll(point[2], `\#`, "#")), Result: Passed, At: at}
		if one.Name == "" {
			one.Name = fmt.Sprintf("test %d", len(out)+1)
		}
		switch {
		case left != nil: // what is still to do may fail
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
