package attest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/image"
)

// Found is the evidence of an image that was found beside it and whose signers are accepted.
type Found struct {
	Statements []evidence.Verified
	Refused    []Refusal
}

// Refusal is a document that does not count, and why.
type Refusal struct {
	Kind evidence.Kind
	Why  error
}

// Find reads the evidence of the digest in repo.
func Find(ctx context.Context, registry *image.Registry, repo image.Repository, digest string, accepted evidence.Accepted) (Found, error) {
	var out Found
	documents, err := attached(ctx, registry, repo, digest)
	if err != nil {
		return out, err
	}
	for _, document := range documents {
		verified, err := accepted.Verify(document, digest)
		if err != nil {
			out.Refused = append(out.Refused, Refusal{document.Kind(), err})
			continue
		}
		verified.Document = document.Digest
		out.Statements = append(out.Statements, verified)
	}
	return out, nil
}

// Of returns the statements of a kind.
func (f Found) Of(kind evidence.Kind) (out []evidence.Verified) {
	for _, statement := range f.Statements {
		if statement.PredicateType == kind {
			out = append(out, statement)
		}
	}
	return out
}

// Tests returns the results of an application's tests that passed, newest first, and why others do not count. maxAge bounds how
// long ago they ended; 0: any time.
func (f Found) Tests(application string, maxAge time.Duration, now time.Time) (passed []Tests, refused error) {
	for _, statement := range f.Of(evidence.Tests) {
		results, err := statement.Results()
		switch {
		case err != nil:
		case results.Application != application:
			err = fmt.Errorf("they are of %s", results.Application)
		case maxAge > 0 && now.Sub(results.Finished) > maxAge:
			err = fmt.Errorf("they ended %s ago, and count for %s", duration.HumanDuration(now.Sub(results.Finished)), duration.HumanDuration(maxAge))
		default:
			passed = append(passed, Tests{results, statement})
			continue
		}
		refused = err
	}
	slices.SortFunc(passed, func(a, b Tests) int { return b.Finished.Compare(a.Finished) })
	return passed, refused
}

// Tests are results, and the statement that tells of them.
type Tests struct {
	evidence.Results
	Statement evidence.Verified
}
