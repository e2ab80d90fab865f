package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

// Promote makes the run one that ships a version as it was released, to this cluster or another one: nothing is built but the
// tests for production. It verifies the evidence of the images and writes nothing. A version that the registry does not have is a
// usage error. What it warns about is for people.
func (r *Run) Promote(ctx context.Context) (warnings []string, err error) {
	if r.opts.Evidence.Reuse {
		return nil, exit.Usagef("--reuse-evidence: --from release tests no beta, whose tests could be skipped: leave it out")
	}
	if !Reaches(r.opts.Until, "deploy") {
		return nil, exit.Usagef("--from release: it begins with deploy, and --until %s ends before", r.opts.Until)
	}
	for n, i := range r.images {
		r.images[n].Digest, err = r.env.Registry.Digest(ctx, i.Repo, r.opts.Version)
		if errors.Is(err, image.ErrNotFound) {
			return nil, exit.Usagef("%s has no version %s: give one that was released with --version", i.Repo, r.opts.Version)
		}
		if err != nil {
			return nil, err
		}
	}
	r.promotes = true
	r.tellDigests()
	if err := r.verify(ctx, "deploy", nil); err != nil {
		return nil, err
	}
	built := r.opts.Commit
	if r.report.Evidence.Commit != "" {
		built = r.report.Evidence.Commit
	}
	if r.opts.History.Dirty {
		warnings = append(warnings, "what is checked out, overlays perhaps, has changes that no commit has")
	}
	if built != r.opts.Commit {
		warnings = append(warnings, fmt.Sprintf("%s was built from commit %s, and goes with the overlays of %s, which is checked out", r.opts.Version, commits.Short(built), commits.Short(r.opts.Commit)))
		r.report.Commit = built
		for _, leg := range r.legs() {
			leg.opts.Commit, leg.opts.History = built, commits.History{Ancestor: r.opts.History.Ancestor}
		}
	}
	return warnings, nil
}

// PromotionStages returns the stages of a run that Promote has made one of an existing release.
func (r *Run) PromotionStages() []Stage {
	return r.place([]Stage{
		{Name: "build", Run: r.BuildTests, Code: exit.Build}, // only the production tests: the image exists already
		{Name: "deploy", Run: r.Deploy, Code: exit.Admission},
		{Name: "production", Run: r.Production, Code: exit.Production},
		{Name: "cleanup", Run: r.Cleanup, Code: exit.Unknown, Always: true, Time: cleanupTime},
	}, description.AfterBuild)
}
