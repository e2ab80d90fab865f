package pipeline

import (
	"context"
	"time"

	"github.com/slipway-cd/slipway/ci/attestor"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/signing"
	"github.com/slipway-cd/slipway/ci/testrun"
	"github.com/slipway-cd/slipway/ci/verifier"
)

// tests runs the application's suites.
func (r *Run) tests() testrun.Runner {
	return testrun.Runner{Builder: r.builder(), Run: r.opts.Run, Dir: r.env.Dir, Journal: &r.journal, Passed: func(what testrun.Outcome) { r.proof.Passed(r.attestedBy(), what) }}
}

// attests reports whether the run leaves evidence: a run whose word would not count does so if it does not release anything.
func (r *Run) attests() bool {
	return Reaches(r.opts.Until, "functional") && r.opts.Evidence.Check() == nil
}

// keptKey is where a key is kept for who names no signer.
func (r *Run) keptKey() signing.Namespace {
	return signing.Namespace{In: r.env.Build, Name: r.opts.BuildNamespace}
}

// attest signs what the run knows of each image, and attaches it. Where nobody asks for evidence, a run goes on without.
func (r *Run) attest(ctx context.Context, stage string) error {
	if !r.attests() {
		return nil
	}
	r.note(stage, "attach evidence")
	defer r.journal.EvidenceTime()()
	err := r.attestImages(ctx)
	if err != nil && ctx.Err() == nil && r.opts.Evidence.Without {
		r.note(stage, "warning: no evidence is attached: "+err.Error())
		return nil
	}
	return err
}

// attestImages has the statements signed and attached, and reports by whom.
func (r *Run) attestImages(ctx context.Context) error {
	signer, err := r.opts.Evidence.Signer(ctx, r.keptKey())
	if err != nil {
		return err
	}
	if Reaches(r.opts.Until, "deploy") {
		if err := r.opts.Evidence.CheckIdentity(ctx, signer); err != nil {
			return err
		}
	}
	if err := r.proof.Built.Wait(ctx); err != nil {
		return err
	}
	overlay, err := r.overlays().BetaDigest(r.images)
	if err != nil {
		return err
	}
	r.report.Evidence = &report.Evidence{Image: r.images[0].Repo.String()}
	by := attestor.Attestor{Run: r.attestedBy(), Beta: attestor.Beta{Overlay: overlay, Cluster: r.testedIn(), Addresses: r.report.Addresses}, Registry: r.env.Registry, Dir: r.env.Dir}
	if err := by.Attest(ctx, signer, r.images, &r.proof); err != nil {
		return err
	}
	r.report.Evidence.Signer = signer.String()
	return nil
}

func (r *Run) attestedBy() attestor.Run {
	return attestor.Run{App: r.app, ID: r.opts.Run, Version: r.opts.Version, Commit: r.opts.Commit, Dirty: r.opts.History.Dirty,
		Source: r.opts.Evidence.Repository, Vendor: r.opts.Vendor, URL: r.opts.RunURL}
}

// testedIn is where betas run.
func (r *Run) testedIn() string {
	host, _ := r.env.Build.Server()
	return host + "/" + r.opts.BuildNamespace
}

// verifyTime limits how long the registry is asked for evidence.
const verifyTime = time.Minute

// verify checks that the images are known to be tested, by the word of an accepted signer, before anything is locked or
// written. before is who signed the evidence of a release that was verified before: its tests count at any age and of any suite.
func (r *Run) verify(ctx context.Context, before *signing.Known) error {
	defer r.journal.EvidenceTime()()
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	if r.opts.Evidence.Without {
		r.report.Evidence = &report.Evidence{Without: true, Commit: r.verifier().Commit(ctx)}
		return nil
	}
	by, age := r.verifier(), time.Duration(0)
	if before == nil {
		before, by.Suites, age = &signing.Known{}, r.app.Tests.Functional, r.app.Evidence.Age()
	}
	if r.promotes {
		by.Version = r.opts.Version
	}
	accepted, err := r.opts.Evidence.Counting(ctx, r.keptKey(), *before)
	if err != nil {
		return err
	}
	told, err := by.Verify(ctx, accepted, age)
	if err != nil {
		return err
	}
	r.production.signer, r.report.Evidence = signing.OnlyOne(accepted), told
	return nil
}

// verifier verifies this run's images.
func (r *Run) verifier() verifier.Verifier {
	return verifier.Verifier{Application: r.app.Name, Registry: r.env.Registry, Images: r.images}
}
