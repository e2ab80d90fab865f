// Package testimony has a run say what it knows of its images, signed and attached to them, and asks what others have said. It
// knows how a run is to be vouched for, not which stage wants it, nor what follows.
package testimony

import (
	"context"
	"time"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attestor"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/overlay"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/settings"
	"github.com/slipway-cd/slipway/ci/signing"
	"github.com/slipway-cd/slipway/ci/verifier"
)

// Witness is a run as it stands to its evidence.
type Witness struct {
	App      description.Application
	Options  settings.Options
	Registry *image.Registry
	Build    *cluster.Cluster // where betas are tested, and a key is kept
	Images   []artifact.Image
	Proof    *attestor.Proof // what the run knows
	Overlays overlay.Overlays
	Dir      *report.Dir
	Note     func(text string)

	Tests    bool // the run tests a beta
	Deploys  bool // the run goes on to a deploy
	Released bool // the version was released before
}

// Attests reports whether the run leaves evidence: one whose word would not count does so if it does not release anything.
func (w Witness) Attests() bool { return w.Tests && w.Options.Evidence.Check() == nil }

// keptKey is where a key is kept for who names no signer.
func (w Witness) keptKey() signing.Namespace {
	return signing.Namespace{In: w.Build, Name: w.Options.BuildNamespace}
}

// By is whose word it is.
func (w Witness) By() attestor.Run {
	o := w.Options
	return attestor.Run{App: w.App, ID: o.Run, Version: o.Version, Commit: o.Commit, Dirty: o.History.Dirty, Source: o.Evidence.Repository, Vendor: o.Vendor, URL: o.RunURL}
}

// testedIn is where betas run.
func (w Witness) testedIn() string {
	host, _ := w.Build.Server()
	return host + "/" + w.Options.BuildNamespace
}

func (w Witness) verifier() verifier.Verifier {
	return verifier.Verifier{Application: w.App.Name, Registry: w.Registry, Images: w.Images}
}

// OfCommit returns nil if somebody whose word counts says that an image was built of the run's commit.
func (w Witness) OfCommit(ctx context.Context, i artifact.Image) error {
	return w.verifier().OfCommit(ctx, w.Options.Evidence.Now(w.keptKey()), i, w.Options.Commit)
}

// verifyTime limits how long the registry is asked for evidence.
const verifyTime = time.Minute

// Verify checks that the images are known to be tested, by the word of an accepted signer, and returns what the report tells and by
// whom they are known. before is who signed the evidence of a release that was verified before: its tests count at any age and of
// any suite. A version that was released before must have passed the environment, too, behind which the run begins.
func (w Witness) Verify(ctx context.Context, before *signing.Known) (told *report.Evidence, by signing.Known, err error) {
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	asked, age := w.verifier(), time.Duration(0)
	if w.Options.Evidence.Without {
		return &report.Evidence{Without: true, Commit: asked.Commit(ctx)}, by, nil
	}
	if before == nil {
		before, asked.Suites, age = &signing.Known{}, w.App.Tests.Functional, w.App.Evidence.Age()
	}
	if w.Released {
		asked.Version, asked.Production = w.Options.Version, w.App.Tests.Production
		for _, e := range w.App.Environments {
			if e.Name == w.Options.Way.After {
				asked.After, asked.Namespace, asked.Pass = e.Name, e.Namespace, e.Pass()
			}
		}
	}
	accepted, err := w.Options.Evidence.Counting(ctx, w.keptKey(), *before)
	if err != nil {
		return nil, by, err
	}
	told, err = asked.Verify(ctx, accepted, age)
	return told, signing.OnlyOne(accepted), err
}
