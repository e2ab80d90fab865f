// Package verifier finds out whether images are known to be tested, by evidence that is attached to them. It does not know who is
// accepted as a signer, nor what an image is verified for.
package verifier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/report"
)

// Verifier verifies images of one application. An image without a digest is none of them: a former release did not have it.
type Verifier struct {
	Application string
	Registry    *image.Registry
	Images      []artifact.Image
	Version     string              // as which they must have been tested; empty: any
	Suites      []description.Suite // that must have passed; none: any functional ones, or that the application answered
	After       string              // the environment that they must have passed; empty: none
	Namespace   string              // its namespace
	Pass        string              // flags with which the version passes it
	Production  []description.Suite // its tests; none: any, or that the application answered
}

// Verify returns what the report tells of the first image, once all are known to be tested by the word of an accepted signer, at
// most maxAge ago; 0: at any time.
func (v Verifier) Verify(ctx context.Context, accepted evidence.Accepted, maxAge time.Duration) (*report.Evidence, error) {
	if accepted.None() {
		return nil, v.unproven(v.Images[0], errNobody)
	}
	var verifying errgroup.Group
	found := make([]attest.Found, len(v.Images))
	for n, i := range v.Images {
		if i.Digest == artifact.NoDigest {
			continue
		}
		verifying.Go(func() (err error) {
			if found[n], err = attest.Find(ctx, v.Registry, i.Repo, i.Digest, accepted); err != nil {
				return err
			}
			if err := found[n].Check(v.wanted(maxAge), time.Now()); err != nil {
				return v.unproven(i, err)
			}
			return nil
		})
	}
	if err := verifying.Wait(); err != nil {
		return nil, err
	}
	return v.evidenceOf(found[0]), nil
}

func (v Verifier) wanted(maxAge time.Duration) attest.Wanted {
	return attest.Wanted{Application: v.Application, MaxAge: maxAge, Version: v.Version, Suites: called(v.Suites), Environment: v.After, Namespace: v.Namespace, Production: called(v.Production)}
}

func called(suites []description.Suite) (out []evidence.Suite) {
	for _, suite := range suites {
		out = append(out, evidence.Suite{Name: suite.Name, Command: suite.Command})
	}
	return out
}

var errNobody = errors.New("nobody is known whose word would count")

// unproven is the Failure of an image that is not known to be tested.
func (v Verifier) unproven(i artifact.Image, why error) *exit.Failure {
	try := "ship the commit again, which tests it"
	switch {
	case errors.Is(why, attest.ErrNotThere):
		try = "let the version pass there first: " + v.Pass
	case errors.Is(why, errNobody):
		try = "say whose word counts with evidence.keys or evidence.identities in .slipway.yaml"
	case errors.Is(why, evidence.ErrSigner):
		try = "add who signed it to evidence.keys or evidence.identities in .slipway.yaml, if you trust them"
	}
	return &exit.Failure{Code: exit.Admission, Class: "evidence", Cause: fmt.Sprintf("evidence: %s@%s: %v", i.Repo, i.Digest, why), Err: why,
		Try: try + "; or accept it as it is with --without-evidence"}
}

// Commit is which one the first image says, by whomever, that it was built from: it decides nothing. Empty where that is not known:
// who asks for no evidence does not need the registry to have any.
func (v Verifier) Commit(ctx context.Context) string {
	i := v.Images[0]
	if i.Digest == artifact.NoDigest {
		return ""
	}
	found, err := attest.Find(ctx, v.Registry, i.Repo, i.Digest, evidence.Accepted{Unsigned: true})
	if err != nil {
		return ""
	}
	return v.evidenceOf(found).Commit
}

// evidenceOf is what the report tells of an image's evidence.
func (v Verifier) evidenceOf(found attest.Found) *report.Evidence {
	out := &report.Evidence{Image: v.Images[0].Repo.String()}
	tests, _ := found.Tests(v.Application, 0, time.Now())
	for _, tested := range tests {
		out.Signer = tested.Statement.Signer
		out.Tests = append(out.Tests, report.Tested{Stage: tested.Stage, Environment: tested.Environment, Suite: tested.Suite.Name, Health: tested.Health, Passed: len(tested.Passed), Addresses: tested.Addresses,
			Cluster: tested.Cluster, Finished: tested.Finished, Run: tested.Run, URL: tested.URL, Statement: tested.Statement.Document})
	}
	for _, provenance := range found.Of(evidence.Provenance) {
		if built, err := provenance.Built(); err == nil {
			out.Repository, out.Commit, out.Clean, out.Builder, out.Provenance = built.Repository, built.Commit, !built.Dirty, built.Engine, provenance.Document
		}
	}
	for _, sbom := range found.Of(evidence.SBOM) {
		out.SBOM = sbom.Document
	}
	return out
}
