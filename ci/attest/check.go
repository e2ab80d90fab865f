package attest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/evidence"
)

// Wanted is what must be known of an image.
type Wanted struct {
	Application string
	MaxAge      time.Duration    // of the results; 0: any
	Version     string           // as which it was tested; empty: any. Results tell of a digest, and a tag can be moved to any
	Suites      []evidence.Suite // that must have passed, by name, one without a name by its command; none: any, or its health
	Environment string           // in which it must have passed the tests of production, too; empty: in none
	Namespace   string           // where that environment is
	Production  []evidence.Suite // those tests; none: any, or its health
}

// ErrNone is in the error of an image that has no evidence at all.
var ErrNone = errors.New("it has none")

// ErrNotThere is in the error of an image that has not passed an environment.
var ErrNotThere = errors.New("there are none of environment")

// Check returns nil if the application's tests are known to have passed for the image and nothing attached to it was changed:
// of each kind that is there, one must be by an accepted signer. The error says in half a line what is wrong.
func (f Found) Check(wanted Wanted, now time.Time) error {
	for _, kind := range []evidence.Kind{evidence.Tests, evidence.SBOM, evidence.Provenance, evidence.Signature} {
		if len(f.Of(kind)) == 0 {
			if err := f.refusedOf(kind); err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
		}
	}
	passed, refused := f.functional(wanted, now)
	switch {
	case len(passed) > 0:
		return cmp.Or(f.complete(wanted.Suites, passed), f.passedIn(wanted, now))
	case refused != nil:
		return fmt.Errorf("%s: %w", evidence.Tests, refused)
	case len(f.Statements)+len(f.Refused) == 0:
		return ErrNone
	case len(f.Statements) == 0: // of no kind that is known here
		return fmt.Errorf("%s: there are none of a beta; what is attached does not count: %w", evidence.Tests, f.Refused[0].Why)
	}
	return fmt.Errorf("%s: there are none of a beta", evidence.Tests)
}

// refusedOf is why the first document of a kind does not count; nil if there is none.
func (f Found) refusedOf(kind evidence.Kind) error {
	for _, refused := range f.Refused {
		if refused.Kind == kind {
			return refused.Why
		}
	}
	return nil
}

// functional are the results of a beta's tests that passed, and why others do not count.
func (f Found) functional(wanted Wanted, now time.Time) (out []Tests, refused error) {
	passed, refused := f.Tests(wanted.Application, wanted.MaxAge, now)
	for _, of := range passed {
		switch {
		case of.Stage != evidence.Functional:
		case wanted.Version != "" && of.Version != wanted.Version:
			refused = fmt.Errorf("they are of version %s, not %s", of.Version, wanted.Version)
		default:
			out = append(out, of)
		}
	}
	return out, refused
}

// passedIn returns nil if the tests of production are known to have passed in the environment that is asked for.
func (f Found) passedIn(wanted Wanted, now time.Time) error {
	if wanted.Environment == "" {
		return nil
	}
	passed, _ := f.Tests(wanted.Application, wanted.MaxAge, now)
	passed = slices.DeleteFunc(passed, func(of Tests) bool {
		return of.Stage != evidence.Production || of.Environment != wanted.Environment || !strings.HasSuffix(of.Cluster, "/"+wanted.Namespace) || wanted.Version != "" && of.Version != wanted.Version
	})
	if len(passed) == 0 {
		return fmt.Errorf("%s: %w %s", evidence.Tests, ErrNotThere, wanted.Environment)
	}
	if err := f.complete(wanted.Production, passed); err != nil {
		return fmt.Errorf("environment %s: %w", wanted.Environment, err)
	}
	return nil
}

// complete returns nil if all suites are among those that passed.
func (f Found) complete(suites []evidence.Suite, passed []Tests) error {
	for _, suite := range suites {
		if slices.ContainsFunc(passed, func(of Tests) bool { return !of.Health && isOf(of.Suite, suite) }) {
			continue
		}
		lacks := fmt.Sprintf("%s: there are none of %s", evidence.Tests, called(suite))
		if slices.ContainsFunc(passed, func(of Tests) bool { return of.Health }) {
			lacks += ", only that it answered"
		}
		if err := f.refusedOf(evidence.Tests); err != nil {
			return fmt.Errorf("%s; others do not count: %w", lacks, err)
		}
		return errors.New(lacks)
	}
	return nil
}

// isOf reports whether results are those of a suite. One that has a name may be called otherwise today.
func isOf(of, suite evidence.Suite) bool {
	return of.Name == suite.Name && (suite.Name != "" || slices.Equal(of.Command, suite.Command))
}

// called is how a message calls a suite.
func called(suite evidence.Suite) string {
	switch {
	case suite.Name != "":
		return "suite " + suite.Name
	case len(suite.Command) > 0:
		return "suite `" + strings.Join(suite.Command, " ") + "`"
	}
	return "the suite without a name"
}
