package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/overlay"
)

// superseded returns a Failure if the commit of this run comes before that of the
// deployed release. The run goes on with the same commit, a newer one, one of another
// branch, and one whose relation cannot be known.
func (r *Run) superseded(ctx context.Context, deployed *records.Release) error {
	if deployed == nil {
		return nil
	}
	older, guessed, err := r.opts.History.Older(ctx, commits.Commit{Hash: r.opts.Commit, Time: r.opts.Built},
		commits.Commit{Hash: deployed.Commit, Time: deployed.Committed, Before: deployed.Before, Shallow: deployed.Shallow})
	if err != nil || !older {
		return err
	}
	failure := &exit.Failure{Code: exit.Superseded, Try: "to go back to an older version on purpose, use `go run ./ci rollback`",
		Cause: fmt.Sprintf("superseded by %s (%s), which production runs already", deployed.Version, commits.Short(deployed.Commit))}
	if guessed {
		failure.Cause += fmt.Sprintf(", by the commits' times (%s, this one %s)", utc(deployed.Committed), utc(r.opts.Built))
		failure.Try = "the clones are too shallow to be certain: fetch the whole history (git fetch --unshallow; GitHub: fetch-depth: 0, GitLab: GIT_DEPTH: 0)"
	}
	return failure
}

// foreseeSuperseded compares with what production runs now, before anything is built. It
// keeps the failure for the first stage, so that a run that ends before it has built
// anything still has a report, and why there is nothing to ship.
func (r *Run) foreseeSuperseded(ctx context.Context) error {
	deployed, err := r.deployed(ctx)
	if err == nil {
		err = r.superseded(ctx, deployed)
	}
	if known := (*exit.Failure)(nil); errors.As(err, &known) && known.Code == exit.Superseded {
		r.outdated = err
		return nil
	}
	if err == nil && deployed != nil {
		r.foreseeUnchanged(ctx, deployed)
	}
	return err
}

// checkSuperseded compares with what production runs now.
func (r *Run) checkSuperseded(ctx context.Context) error {
	deployed, err := r.deployed(ctx)
	if err != nil {
		return err
	}
	return r.superseded(ctx, deployed)
}

// deployed returns the release that production runs, nil before the first. That of another
// application is an error.
func (r *Run) deployed(ctx context.Context) (*records.Release, error) {
	releases, err := r.releases(ctx)
	if err != nil || len(releases) == 0 {
		return nil, err
	}
	return &releases[0], r.checkApplication(&releases[0])
}

// foreseeUnchanged finds out, in a repository with several applications, that nothing of
// this one has changed since the release that production runs: there is nothing to ship.
func (r *Run) foreseeUnchanged(ctx context.Context, deployed *records.Release) {
	if r.opts.History.Unchanged == nil || !Reaches(r.opts.Until, "production") {
		return
	}
	if deployed.Commit == r.opts.Commit || deployed.Dirty || !commits.IsHash(deployed.Commit) || !r.opts.History.Unchanged(ctx, deployed.Commit) {
		return // who runs a commit again wants it to be put right
	}
	r.unchanged = fmt.Sprintf("nothing of %s has changed since %s, which production runs", r.app.Name, deployed.Version)
	r.report.Version, r.report.Digest = deployed.Version, deployed.Digest
}

// checkApplication refuses a namespace in which another application was released: a deploy
// removes what the release before had and its own has not.
func (r *Run) checkApplication(deployed *records.Release) error {
	if len(deployed.Objects) == 0 {
		return nil
	}
	other := deployed.Objects[0].GetLabels()[overlay.ApplicationLabel]
	if other == "" || other == r.app.Name || slices.Contains(r.opts.TakeOver, other) {
		return nil
	}
	return exit.Usagef("--namespace %s: there is release %s of %s: each application needs a namespace of its own; if %[3]s is the former name of this one, give --take-over %[3]s", r.opts.Namespace, deployed.Version, other)
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }
