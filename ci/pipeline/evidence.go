package pipeline

import (
	"context"

	"github.com/slipway-cd/slipway/ci/signing"
	"github.com/slipway-cd/slipway/ci/testimony"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// tests runs the application's suites.
func (r *Run) tests() testrun.Runner {
	return testrun.Runner{Builder: r.builder(), Run: r.opts.Run, Dir: r.env.Dir, Journal: r.journal, Passed: func(what testrun.Outcome) { r.proof.Passed(r.witness("").By(), what) }}
}

// witness is the run as it stands to its evidence in a stage.
func (r *Run) witness(stage string) testimony.Witness {
	return testimony.Witness{App: r.app, Options: r.opts, Registry: r.env.Registry, Build: r.env.Build, Images: r.images, Proof: &r.proof, Overlays: r.overlays(), Dir: r.env.Dir,
		Note: func(text string) { r.note(stage, text) }, Tests: Reaches(r.opts.Until, "functional"), Deploys: Reaches(r.opts.Until, "deploy"), Released: r.promotes}
}

// attest signs what the run knows of each image, and attaches it.
func (r *Run) attest(ctx context.Context, stage string) error {
	defer r.journal.EvidenceTime()()
	told, err := r.witness(stage).Attach(ctx, r.report.Addresses)
	if told != nil {
		r.report.Evidence = told
	}
	return err
}

// verify checks that the images are known to be tested, by the word of an accepted signer, before anything is locked or
// written. before is who signed the evidence of a release that was verified before.
func (r *Run) verify(ctx context.Context, stage string, before *signing.Known) (err error) {
	defer r.journal.EvidenceTime()()
	told, by, err := r.witness(stage).Verify(ctx, before)
	if err != nil {
		return err
	}
	r.report.Evidence = told
	if !told.Without {
		r.production.signer = by
	}
	return nil
}

// skipped is the error of a stage that found that it has nothing to do.
type skipped struct{ why string }

// Error says why.
func (s skipped) Error() string { return s.why }

// reuse returns nil if the beta must be tested, and of type skipped if its tests passed under the same conditions.
func (r *Run) reuse(ctx context.Context) error {
	passed, err := r.witness("functional").Passed(ctx)
	if err == nil && passed != "" {
		return skipped{passed}
	}
	return err
}
