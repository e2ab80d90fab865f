package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/signing"
)

// reuseTime is how long the results of functional tests stand for those of another run.
const reuseTime = 24 * time.Hour

// skipped is the error of a stage that found that it has nothing to do.
type skipped struct{ why string }

// Error says why.
func (s skipped) Error() string { return s.why }

// reuse returns nil if the beta must be tested, and of type skipped if its tests passed within a day under the same conditions:
// the same images, rendered beta, tests and cluster, by the word of an accepted signer.
func (r *Run) reuse(ctx context.Context) error {
	if !r.opts.Evidence.Reuse {
		return nil
	}
	r.note("functional", "look for results of the same tests")
	accepted, err := r.opts.Evidence.Counting(ctx, r.keptKey(), signing.Known{})
	if err != nil || accepted.None() {
		return err
	}
	if err := r.proof.built.Wait(ctx); err != nil {
		return err
	}
	overlay, err := r.overlays().BetaDigest(r.images)
	if err != nil {
		return err
	}
	var by attest.Tests
	for _, i := range r.images {
		found, err := attest.Find(ctx, r.env.Registry, i.Repo, i.Digest, accepted)
		if err != nil {
			return err
		}
		passed, _ := found.Tests(r.app.Name, reuseTime, time.Now())
		for n, wanted := range r.suitesOfBeta() {
			same := slices.IndexFunc(passed, func(of attest.Tests) bool {
				return of.Stage == wanted.Stage && of.Suite.Name == wanted.Name && slices.Equal(of.Command, wanted.Command) &&
					of.Overlay == overlay && of.Cluster == r.testedIn() && of.Image == r.digestOfSuite(n)
			})
			if same < 0 {
				return nil
			}
			by = passed[same]
		}
	}
	ago := time.Since(by.Finished).Round(time.Second)
	return skipped{fmt.Sprintf("passed %s ago in run %s for the same images, beta, tests and cluster: statement %s", ago, by.Run, by.Statement.Document)}
}

// suitesOfBeta are those that a beta is tested by; one of no name where there are none and its health is asked.
func (r *Run) suitesOfBeta() []evidence.Suite {
	if len(r.app.Tests.Functional) == 0 {
		return []evidence.Suite{{Stage: "functional"}}
	}
	var out []evidence.Suite
	for _, suite := range r.app.Tests.Functional {
		out = append(out, evidence.Suite{Stage: "functional", Name: suite.Name, Command: suite.Command})
	}
	return out
}

func (r *Run) digestOfSuite(n int) string {
	if n < len(r.proof.built.Suites) {
		return r.proof.built.Suites[n]
	}
	return ""
}
