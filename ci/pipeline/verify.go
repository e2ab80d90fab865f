package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/signing"
)

// verifyTime limits how long the registry is asked for evidence.
const verifyTime = time.Minute

// verify checks that the images are known to be tested, by the word of an accepted signer, before anything is locked or
// written. before is who signed the evidence of a release that was verified before: its tests count at any age.
func (r *Run) verify(ctx context.Context, before *signing.Known) error {
	defer r.journal.EvidenceTime()()
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	if r.opts.Evidence.Without {
		return r.readWithout(ctx)
	}
	age := r.app.Evidence.Age()
	if before == nil {
		before = &signing.Known{}
	} else {
		age = 0
	}
	accepted, err := r.opts.Evidence.Counting(ctx, r.keptKey(), *before)
	if err != nil {
		return err
	}
	if accepted.None() {
		return r.unproven(r.images[0], errNobody)
	}
	var verifying errgroup.Group
	found := make([]attest.Found, len(r.images))
	for n, i := range r.images {
		if i.Digest == artifact.NoDigest {
			continue // a former release did not have it
		}
		verifying.Go(func() (err error) {
			if found[n], err = attest.Find(ctx, r.env.Registry, i.Repo, i.Digest, accepted); err != nil {
				return err
			}
			if err := found[n].Check(r.app.Name, age, time.Now()); err != nil {
				return r.unproven(i, err)
			}
			return nil
		})
	}
	if err := verifying.Wait(); err != nil {
		return err
	}
	r.production.signer = signing.OnlyOne(accepted)
	r.report.Evidence = r.evidenceOf(found[0])
	return nil
}

var errNobody = errors.New("nobody is known whose word would count")

// unproven is the Failure of an image that is not known to be tested.
func (r *Run) unproven(i artifact.Image, why error) *exit.Failure {
	try := "ship the commit again, which tests it"
	switch {
	case errors.Is(why, errNobody):
		try = "say whose word counts with evidence.keys or evidence.identities in .slipway.yaml"
	case errors.Is(why, evidence.ErrSigner):
		try = "add who signed it to evidence.keys or evidence.identities in .slipway.yaml, if you trust them"
	}
	return &exit.Failure{Code: exit.Admission, Class: "evidence", Cause: fmt.Sprintf("evidence: %s@%s: %v", i.Repo, i.Digest, why), Err: why,
		Try: try + "; or accept it as it is with --without-evidence"}
}

// readWithout reads what is said of the first image, by whomever: it decides nothing.
func (r *Run) readWithout(ctx context.Context) error {
	i := r.images[0]
	r.report.Evidence = &report.Evidence{Without: true}
	if i.Digest == artifact.NoDigest {
		return nil
	}
	found, err := attest.Find(ctx, r.env.Registry, i.Repo, i.Digest, evidence.Accepted{Unsigned: true})
	if err == nil {
		r.report.Evidence.Commit = r.evidenceOf(found).Commit
	}
	return nil // who asks for no evidence does not need the registry to have any
}

// evidenceOf is what the report tells of an image's evidence.
func (r *Run) evidenceOf(found attest.Found) *report.Evidence {
	out := &report.Evidence{Image: r.images[0].Repo.String()}
	tests, _ := found.Tests(r.app.Name, 0, time.Now())
	for _, tested := range tests {
		out.Signer = tested.Statement.Signer
		out.Tests = append(out.Tests, report.Tested{Stage: tested.Stage, Suite: tested.Suite.Name, Health: tested.Health, Passed: len(tested.Passed), Addresses: tested.Addresses,
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
