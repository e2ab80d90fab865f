package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	testresult "github.com/in-toto/attestation/go/predicates/test_result/v0"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// The stages in which suites run.
const (
	Functional = "functional"
	Production = "production" // also of each environment
)

// Suite is what was run, and under which conditions: the same conditions give the same results.
type Suite struct {
	Application string `json:"application"`
	Stage       string `json:"stage"`                 // build, of checks, functional, or production
	Environment string `json:"environment,omitempty"` // of stage production, in which of several
	Name        string `json:"suite,omitempty"`

	Health  bool   `json:"health,omitempty"` // there are no tests: the application answered at its health path, or its objects are ready
	Version string `json:"version"`
	Run     string `json:"run"`

	Command   []string `json:"command,omitempty"`
	Addresses []string `json:"addresses,omitempty"` // by which the tests reached the application: a Service, an Ingress...
	Cluster   string   `json:"cluster,omitempty"`   // and namespace, where the application ran

	Overlay string `json:"-"` // digest of the rendered beta overlay
	Image   string `json:"-"` // digest of the tests' image and of how it is run

	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
}

// Results are how the tests of a suite ended. A suite that failed leaves none: its image is not released.
type Results struct {
	Suite
	URL    string   // of the CI vendor's run
	Passed []string // tests
}

// The parts of a suite's configuration, by the names of their descriptors.
const (
	suitePart   = "suite"
	overlayPart = "overlay"
	imagePart   = "tests"
)

// NewTests is the statement that a suite passed for the images.
func NewTests(results Results, about ...Subject) (*Statement, error) {
	described, err := json.Marshal(results.Suite)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := json.Unmarshal(described, &values); err != nil {
		return nil, err
	}
	suite, err := annotated(values)
	if err != nil {
		return nil, err
	}
	message := &testresult.TestResult{Result: "PASSED", Url: results.URL, PassedTests: results.Passed,
		Configuration: []*intoto.ResourceDescriptor{{Name: suitePart, Annotations: suite}}}
	for name, digest := range map[string]string{overlayPart: results.Overlay, imagePart: results.Image} {
		if digest != "" {
			message.Configuration = append(message.Configuration, &intoto.ResourceDescriptor{Name: name, Digest: digestSet(digest)})
		}
	}
	predicate, err := protojson.Marshal(message)
	if err != nil {
		return nil, err
	}
	return newStatement(Tests, predicate, about...)
}

// Results reads test results. It is an error when they are not those of a suite that passed.
func (s *Statement) Results() (out Results, err error) {
	if s.PredicateType != Tests {
		return out, fmt.Errorf("it is no test result, but %s", s.PredicateType)
	}
	message := &testresult.TestResult{}
	if err := lenient.Unmarshal(s.Predicate, message); err != nil {
		return out, fmt.Errorf("it is no test result: %w", err)
	}
	for _, part := range message.GetConfiguration() {
		switch part.GetName() {
		case suitePart:
			described, err := part.GetAnnotations().MarshalJSON()
			if err == nil {
				err = json.Unmarshal(described, &out.Suite)
			}
			if err != nil {
				return out, fmt.Errorf("it describes no suite: %w", err)
			}
		case overlayPart:
			out.Overlay = "sha256:" + part.GetDigest()["sha256"]
		case imagePart:
			out.Image = "sha256:" + part.GetDigest()["sha256"]
		}
	}
	out.URL, out.Passed = message.GetUrl(), message.GetPassedTests()
	switch {
	case message.GetResult() != "PASSED":
		return out, fmt.Errorf("its result is %s", message.GetResult())
	case len(message.GetFailedTests()) > 0:
		return out, fmt.Errorf("it lists %d failed tests", len(message.GetFailedTests()))
	case out.Application == "":
		return out, errors.New("it names no application")
	}
	return out, nil
}
