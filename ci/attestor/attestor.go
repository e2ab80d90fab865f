// Package attestor makes statements of what a run knows of its images (how they were built, what is in them, which tests passed),
// has them signed and attaches them. It does not know whose word counts, nor when a stage wants it.
package attestor

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/materials"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// Proof is what a run knows of its images, to be signed when they are released.
type Proof struct {
	Built  materials.Materials // by build, in the background
	suites []evidence.Results  // that passed; one of no name where there are none and the application answered
}

// Run is whose word it is.
type Run struct {
	App     description.Application
	ID      string
	Version string
	Commit  string
	Dirty   bool   // the source had something that no commit has
	Source  string // URL of its repository, without credentials; empty where it is not known
	Vendor  string // the CI vendor
	URL     string // of the vendor's run
}

// Beta is under which conditions the functional tests ran.
type Beta struct {
	Overlay   string // digest of its rendered objects
	Cluster   string // and namespace, where it ran
	Addresses []report.Address
}

// Passed notes that a suite passed at an address, or that the application answered there.
func (p *Proof) Passed(by Run, what testrun.Outcome) {
	i := slices.IndexFunc(p.suites, func(other evidence.Results) bool { // several may have no name
		return other.Stage == what.Stage && other.Name == what.Name && slices.Equal(other.Command, what.Command)
	})
	if i < 0 {
		i = len(p.suites)
		p.suites = append(p.suites, evidence.Results{Suite: by.suiteOf(what.Stage, what.Name, what.Started)})
		p.suites[i].Command = what.Command
	}
	suite := &p.suites[i]
	suite.Health, suite.Finished = what.Health, time.Now()
	for _, test := range what.Tests {
		if test.Result == report.Passed && !slices.Contains(suite.Passed, test.Name) {
			suite.Passed = append(suite.Passed, test.Name)
		}
	}
}

// Attestor attaches what is known.
type Attestor struct {
	Run      Run
	Beta     Beta
	Registry *image.Registry
	Dir      *report.Dir // for SBOMs
}

// Attest signs what is known of each image, once the engine has told what is in it, and attaches it.
func (a Attestor) Attest(ctx context.Context, signer evidence.Signer, images []artifact.Image, known *Proof) error {
	results := a.results(known)
	var attaching errgroup.Group
	for n, i := range images {
		attaching.Go(func() error { return a.attestImage(ctx, signer, i, known, known.Built.Images[n], results) })
	}
	return attaching.Wait()
}

// attestImage attaches what is known of one image; what is known of one of its platforms alone goes to that. How an image was built
// that was released before, what is in it, and that its checks passed, its own run has said: this one knows that of another image.
func (a Attestor) attestImage(ctx context.Context, signer evidence.Signer, i artifact.Image, proof *Proof, known materials.Contents, results []evidence.Results) error {
	about := evidence.Subject{Name: i.Repo.String(), Digest: i.Digest}
	signature, err := evidence.NewSignature(about)
	if err != nil {
		return err
	}
	provenance, err := evidence.NewProvenance(a.Run.provenance(i, known.Bases, proof), about)
	if err != nil {
		return err
	}
	statements := []*evidence.Statement{signature}
	if i.Earlier {
		known.SBOMs = nil
	} else {
		statements, results = append(statements, provenance), slices.Concat(results, a.Run.checks(&proof.Built))
	}
	for _, result := range results {
		tests, err := evidence.NewTests(result, about)
		if err != nil {
			return err
		}
		statements = append(statements, tests)
	}
	platforms := []image.Variant{{Digest: i.Digest}}
	if len(i.Platforms) > 0 {
		if platforms, err = a.Registry.Variants(ctx, i.Repo, i.Digest); err != nil {
			return err
		}
	}
	for n, list := range known.SBOMs {
		if list == nil {
			continue
		}
		if err := a.keepSBOM(i, platforms[n].Platform, list); err != nil {
			return err
		}
		sbom, err := evidence.NewSBOM(list, evidence.Subject{Name: about.Name, Digest: platforms[n].Digest})
		if err != nil {
			return err
		}
		if platforms[n].Digest == i.Digest {
			statements = append(statements, sbom)
		} else if err := attest.Attach(ctx, a.Registry, i.Repo, platforms[n].Digest, signer, sbom); err != nil {
			return err
		}
	}
	return attest.Attach(ctx, a.Registry, i.Repo, i.Digest, signer, statements...)
}

// keepSBOM writes an SBOM beside the reports.
func (a Attestor) keepSBOM(i artifact.Image, platform string, list []byte) error {
	name := "sbom"
	if len(a.Run.App.Images) > 1 {
		name += "-" + path.Base(i.Name)
	}
	if platform != "" {
		name += "-" + strings.ReplaceAll(platform, "/", "-")
	}
	return a.Dir.Keep(name+".cdx.json", list)
}
