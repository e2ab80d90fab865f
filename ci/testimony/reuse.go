package testimony

import (
	"context"
	"fmt"
	"time"

	"github.com/slipway-cd/slipway/ci/signing"
)

// reuseTime is how long the results of functional tests stand for those of another run.
const reuseTime = 24 * time.Hour

// Passed says in which run the beta's tests passed within a day under the same conditions: the same images, rendered beta, tests and
// cluster, by the word of an accepted signer. It is empty if the beta must be tested.
func (w Witness) Passed(ctx context.Context) (string, error) {
	if !w.Options.Evidence.Reuse {
		return "", nil
	}
	w.Note("look for results of the same tests")
	accepted, err := w.Options.Evidence.Counting(ctx, w.keptKey(), signing.Known{})
	if err != nil || accepted.None() {
		return "", err
	}
	if err := w.Proof.Built.Wait(ctx); err != nil {
		return "", err
	}
	overlay, err := w.Overlays.BetaDigest(w.Images)
	if err != nil {
		return "", err
	}
	by, err := w.verifier().Passed(ctx, accepted, w.Proof.SuitesOf(w.App, overlay, w.testedIn()), w.reusable())
	if err != nil || by == nil {
		return "", err
	}
	ago := time.Since(by.Finished).Round(time.Second)
	return fmt.Sprintf("passed %s ago in run %s for the same images, beta, tests and cluster: statement %s", ago, by.Run, by.Statement.Document), nil
}

// reusable is how old results may be that spare this run the tests: a deploy must still take them.
func (w Witness) reusable() time.Duration {
	if age := w.App.Evidence.Age(); age > 0 {
		return min(age, reuseTime)
	}
	return reuseTime
}
