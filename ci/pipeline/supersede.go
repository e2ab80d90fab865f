package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster/records"
)

// History is what the git repository knows about the commits before that of this run.
// The zero value knows nothing.
type History struct {
	// Before are the hashes of the newest commits before this one, at most
	// CommitsKept, each cut to HashKept characters.
	Before []string
	// Shallow tells that the clone is shallow: there may be commits that it does not have.
	Shallow bool
	// Ancestor reports whether commit comes before, or is, the other one; known is
	// false when the clone does not hold both. Nil knows nothing.
	Ancestor func(ctx context.Context, commit, other string) (yes, known bool, err error)
	// Dirty tells that the source had something that no commit has.
	Dirty bool
	// Unchanged reports whether nothing of the application has changed since a commit. Nil
	// for an application that is its whole repository: each commit is one of its own.
	Unchanged func(ctx context.Context, commit string) bool
	// Graph tells how commits follow each other, for lead times.
	Graph Graph
}

// The limits of what a release records of the commits before it. A run of an older
// commit needs that record, since its own clone does not have the newer commit.
const (
	CommitsKept = 500
	HashKept    = 12
)

// superseded returns a Failure if the commit of this run comes before that of the
// deployed release. The run goes on with the same commit, a newer one, one of another
// branch, and one whose relation cannot be known.
func (r *Run) superseded(ctx context.Context, deployed *records.Release) error {
	if deployed == nil {
		return nil
	}
	older, guessed, err := r.isOlderThan(ctx, deployed)
	if err != nil || !older {
		return err
	}
	failure := &Failure{Code: ExitSuperseded, Try: "to go back to an older version on purpose, use `go run ./ci rollback`",
		Cause: fmt.Sprintf("superseded by %s (%s), which production runs already", deployed.Version, hash(deployed.Commit))}
	if guessed {
		failure.Cause += fmt.Sprintf(", by the commits' times (%s, this one %s)", utc(deployed.Committed), utc(r.opts.Built))
		failure.Try = "the clones are too shallow to be certain: fetch the whole history (git fetch --unshallow; GitHub: fetch-depth: 0, GitLab: GIT_DEPTH: 0)"
	}
	return failure
}

// isOlderThan asks git, then the release's record. If neither goes back far enough, it
// guesses by the commits' times.
func (r *Run) isOlderThan(ctx context.Context, deployed *records.Release) (older, guessed bool, err error) {
	own := r.opts.Commit
	if !isHash(own) || !isHash(deployed.Commit) || own == deployed.Commit {
		return false, false, nil
	}
	if ask := r.opts.History.Ancestor; ask != nil {
		older, known, err := ask(ctx, own, deployed.Commit)
		if err != nil || known {
			return older, false, err
		}
	}
	switch {
	case slices.Contains(deployed.Before, hash(own)):
		return true, false, nil
	case slices.Contains(r.opts.History.Before, hash(deployed.Commit)):
		return false, false, nil
	case !deployed.Shallow && len(deployed.Before) < CommitsKept && !deployed.Committed.IsZero():
		return false, false, nil // it recorded all earlier commits, and this one is not among them
	case r.opts.History.Shallow && !deployed.Committed.IsZero():
		return r.opts.Built.Before(deployed.Committed), true, nil
	}
	return false, false, nil
}

// foreseeSuperseded compares with what production runs now, before anything is built. It
// keeps the failure for the first stage, so that a run that ends before it has built
// anything still has a report, and why there is nothing to ship.
func (r *Run) foreseeSuperseded(ctx context.Context) error {
	deployed, err := r.deployed(ctx)
	if err == nil {
		err = r.superseded(ctx, deployed)
	}
	if known := (*Failure)(nil); errors.As(err, &known) && known.Code == ExitSuperseded {
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
	if deployed.Commit == r.opts.Commit || deployed.Dirty || !isHash(deployed.Commit) || !r.opts.History.Unchanged(ctx, deployed.Commit) {
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
	other := deployed.Objects[0].GetLabels()[applicationLabel]
	if other == "" || other == r.app.Name || slices.Contains(r.opts.TakeOver, other) {
		return nil
	}
	return Usage("--namespace %s: there is release %s of %s: each application needs a namespace of its own; if %[3]s is the former name of this one, give --take-over %[3]s", r.opts.Namespace, deployed.Version, other)
}

// isHash reports whether commit is a hash and not the placeholder for none.
func isHash(commit string) bool { return len(commit) >= 40 }

func hash(commit string) string { return commit[:min(HashKept, len(commit))] }

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }
