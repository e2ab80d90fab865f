package pipeline

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/materials"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/signing"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// proof is what a run knows of its images, to be signed when they are released.
type proof struct {
	suites []evidence.Results  // that passed; one of no name where there are none and the application answered
	built  materials.Materials // by build, in the background
}

// passed notes that a suite passed at an address, or that the application answered there.
func (r *Run) passed(what testrun.Outcome) {
	i := slices.IndexFunc(r.proof.suites, func(other evidence.Results) bool { return other.Stage == what.Stage && other.Name == what.Name })
	if i < 0 {
		i = len(r.proof.suites)
		r.proof.suites = append(r.proof.suites, evidence.Results{Suite: r.suiteOf(what.Stage, what.Name, what.Started)})
		r.proof.suites[i].Command = what.Command
	}
	suite := &r.proof.suites[i]
	suite.Health, suite.Finished = what.Health, time.Now()
	for _, test := range what.Tests {
		if test.Result == report.Passed && !slices.Contains(suite.Passed, test.Name) {
			suite.Passed = append(suite.Passed, test.Name)
		}
	}
}

// tests runs the application's suites.
func (r *Run) tests() testrun.Runner {
	return testrun.Runner{Builder: r.builder(), Run: r.opts.Run, Dir: r.env.Dir, Journal: &r.journal, Passed: r.passed}
}

func (r *Run) suiteOf(stage, name string, started time.Time) evidence.Suite {
	return evidence.Suite{Application: r.app.Name, Stage: stage, Name: name, Version: r.opts.Version, Run: r.opts.Run, Started: started}
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
	err := r.attestAll(ctx)
	if err != nil && ctx.Err() == nil && r.opts.Evidence.Without {
		r.note(stage, "warning: no evidence is attached: "+err.Error())
		return nil
	}
	return err
}

func (r *Run) attestAll(ctx context.Context) error {
	signer, err := r.opts.Evidence.Signer(ctx, r.keptKey())
	if err != nil {
		return err
	}
	if Reaches(r.opts.Until, "deploy") {
		if err := r.opts.Evidence.CheckIdentity(ctx, signer); err != nil {
			return err
		}
	}
	if err := r.proof.built.Wait(ctx); err != nil {
		return err
	}
	results, err := r.results()
	if err != nil {
		return err
	}
	r.report.Evidence = &report.Evidence{Image: r.images[0].Repo.String()}
	var attaching errgroup.Group
	for n, i := range r.images {
		attaching.Go(func() error { return r.attestImage(ctx, signer, i, r.proof.built.Images[n], results) })
	}
	if err := attaching.Wait(); err != nil {
		return err
	}
	r.report.Evidence.Signer = signer.String()
	return nil
}

// attestImage attaches what is known of one image; what is known of one of its platforms alone goes to that. How an image was built
// that was released before, and what is in it, its own run has said.
func (r *Run) attestImage(ctx context.Context, signer evidence.Signer, i artifact.Image, known materials.Contents, results []evidence.Results) error {
	about := evidence.Subject{Name: i.Repo.String(), Digest: i.Digest}
	signature, err := evidence.NewSignature(about)
	if err != nil {
		return err
	}
	provenance, err := evidence.NewProvenance(r.provenance(i, known.Bases), about)
	if err != nil {
		return err
	}
	statements := []*evidence.Statement{signature}
	if i.Earlier {
		known.SBOMs = nil
	} else {
		statements = append(statements, provenance)
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
		if platforms, err = r.env.Registry.Variants(ctx, i.Repo, i.Digest); err != nil {
			return err
		}
	}
	for n, list := range known.SBOMs {
		if list == nil {
			continue
		}
		if err := r.keepSBOM(i, platforms[n].Platform, list); err != nil {
			return err
		}
		sbom, err := evidence.NewSBOM(list, evidence.Subject{Name: about.Name, Digest: platforms[n].Digest})
		if err != nil {
			return err
		}
		if platforms[n].Digest == i.Digest {
			statements = append(statements, sbom)
		} else if err := attest.Attach(ctx, r.env.Registry, i.Repo, platforms[n].Digest, signer, sbom); err != nil {
			return err
		}
	}
	return attest.Attach(ctx, r.env.Registry, i.Repo, i.Digest, signer, statements...)
}

// provenance tells how an image was built.
func (r *Run) provenance(i artifact.Image, bases []evidence.Base) evidence.Build {
	args := map[string]string{"VERSION": r.opts.Version, "COMMIT": r.opts.Commit}
	for name, value := range i.Args {
		args[name] = value
	}
	out := evidence.Build{
		Repository: r.opts.Evidence.Repository, Dirty: r.opts.History.Dirty,
		Dockerfile: i.Dockerfile, Target: i.Target, Context: i.Context, Platforms: i.Platforms, Args: args, Bases: bases,
		Engine: engine.Version, Vendor: r.opts.Vendor, URL: r.opts.RunURL, Run: r.opts.Run,
		Started: r.proof.built.Started, Finished: r.proof.built.Finished,
	}
	if history.IsHash(r.opts.Commit) {
		out.Commit = r.opts.Commit
	}
	return out
}

// results are those of the suites, under which conditions they ran, and the checks as one more suite.
func (r *Run) results() ([]evidence.Results, error) {
	overlay, err := r.overlays().BetaDigest(r.images)
	if err != nil {
		return nil, err
	}
	built := &r.proof.built
	out := slices.Clone(r.proof.suites)
	for i := range out {
		out[i].URL, out[i].Overlay, out[i].Cluster = r.opts.RunURL, overlay, r.testedIn()
		for n, suite := range r.app.Tests.Functional {
			if suite.Name == out[i].Name {
				out[i].Image = built.Suites[n]
			}
		}
		for _, address := range r.report.Addresses {
			if address.Stage == out[i].Stage {
				out[i].Addresses = append(out[i].Addresses, kindOf(address.FoundBy))
			}
		}
	}
	if len(r.app.Checks) > 0 {
		checks := evidence.Results{Suite: r.suiteOf("build", "checks", built.Started), URL: r.opts.RunURL, Passed: r.app.CheckNames()}
		checks.Finished = built.Finished
		out = append(out, checks)
	}
	return out, nil
}

// testedIn is where betas run.
func (r *Run) testedIn() string {
	host, _ := r.env.Build.Server()
	return host + "/" + r.opts.BuildNamespace
}

// kindOf is the kind of object that an address was found by.
func kindOf(foundBy string) string {
	kind := strings.TrimPrefix(foundBy, "port-forward to ")
	kind, _, _ = strings.Cut(kind, " ")
	return kind
}

// attests reports whether the run leaves evidence: a run whose word would not count does so if it does not release anything.
func (r *Run) attests() bool {
	return Reaches(r.opts.Until, "functional") && r.opts.Evidence.Check() == nil
}

// keepSBOM writes an SBOM beside the reports.
func (r *Run) keepSBOM(i artifact.Image, platform string, list []byte) error {
	name := "sbom"
	if len(r.images) > 1 {
		name += "-" + path.Base(i.Name)
	}
	if platform != "" {
		name += "-" + strings.ReplaceAll(platform, "/", "-")
	}
	return r.env.Dir.Keep(name+".cdx.json", list)
}
