package testimony

import (
	"context"

	"github.com/slipway-cd/slipway/ci/attestor"
	"github.com/slipway-cd/slipway/ci/report"
)

// Attach signs what the run knows of each image, and attaches it; addresses are where the beta was reached. Where nobody asks for
// evidence, a run goes on without, and the report is nil as in a run that leaves none.
func (w Witness) Attach(ctx context.Context, addresses []report.Address) (*report.Evidence, error) {
	if !w.Attests() {
		return nil, nil
	}
	w.Note("attach evidence")
	told, err := w.attach(ctx, addresses)
	if err != nil && ctx.Err() == nil && w.Options.Evidence.Without {
		w.Note("warning: no evidence is attached: " + err.Error())
		return told, nil
	}
	return told, err
}

func (w Witness) attach(ctx context.Context, addresses []report.Address) (*report.Evidence, error) {
	signer, err := w.Options.Evidence.Signer(ctx, w.keptKey())
	if err != nil {
		return nil, err
	}
	if w.Deploys {
		if err := w.Options.Evidence.CheckIdentity(ctx, signer); err != nil {
			return nil, err
		}
	}
	if err := w.Proof.Built.Wait(ctx); err != nil {
		return nil, err
	}
	overlay, err := w.Overlays.BetaDigest(w.Images)
	if err != nil {
		return nil, err
	}
	told := &report.Evidence{Image: w.Images[0].Repo.String()}
	by := attestor.Attestor{Run: w.By(), Beta: attestor.Beta{Overlay: overlay, Cluster: w.testedIn(), Addresses: addresses}, Registry: w.Registry, Dir: w.Dir}
	if err := by.Attest(ctx, signer, w.Images, w.Proof); err != nil {
		return told, err
	}
	told.Signer = signer.String()
	return told, nil
}

// AttachPassed signs that the images passed the tests in an environment, and attaches it: a run that begins behind that one asks
// for it. The version is there by then, so that nothing fails without it but such a run.
func (w Witness) AttachPassed(ctx context.Context, in attestor.Environment) {
	if !w.Attests() || w.Options.Evidence.Without {
		return
	}
	w.Note("attach evidence")
	signer, err := w.Options.Evidence.Signer(ctx, w.keptKey())
	if err == nil {
		err = attestor.Attestor{Run: w.By(), Registry: w.Registry}.AttestPassed(ctx, signer, w.Images, w.Proof, in)
	}
	if err != nil {
		w.Note("warning: no evidence is attached that " + in.Name + " has passed: " + err.Error())
	}
}
