package pipeline

import (
	"context"
	"fmt"
	"time"

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
	if err := r.proof.Built.Wait(ctx); err != nil {
		return err
	}
	overlay, err := r.overlays().BetaDigest(r.images)
	if err != nil {
		return err
	}
	by, err := r.verifier().Passed(ctx, accepted, r.suitesOfBeta(overlay), r.reusable())
	if err != nil || by == nil {
		return err
	}
	ago := time.Since(by.Finished).Round(time.Second)
	return skipped{fmt.Sprintf("passed %s ago in run %s for the same images, beta, tests and cluster: statement %s", ago, by.Run, by.Statement.Document)}
}

// reusable is how old results may be that spare this run the tests: a deploy must still take them.
func (r *Run) reusable() time.Duration {
	if age := r.app.Evidence.Age(); age > 0 {
		return min(age, reuseTime)
	}
	return reuseTime
}

// suitesOfBeta are those that a beta is tested by; one of no name where there are none and its health is asked.
func (r *Run) suitesOfBeta(overlay string) (out []evidence.Suite) {
	under := evidence.Suite{Stage: "functional", Overlay: overlay, Cluster: r.testedIn()}
	for n, suite := range r.app.Tests.Functional {
		of := under
		of.Name, of.Command, of.Image = suite.Name, suite.Command, r.digestOfSuite(n)
		out = append(out, of)
	}
	if len(out) == 0 {
		return []evidence.Suite{under}
	}
	return out
}

func (r *Run) digestOfSuite(n int) string {
	if n < len(r.proof.Built.Suites) {
		return r.proof.Built.Suites[n]
	}
	return ""
}
