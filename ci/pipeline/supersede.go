package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster/records"
)

// History is what the source's repository knows about the commits before this
// run's. The zero value knows nothing.
type History struct {
	// Before are the hashes of the newest commits before this one, at most
	// CommitsKept, each cut to HashKept characters.
	Before []string
	// Shallow tells that the clone was cut: what it does not know may be there.
	Shallow bool
	// Ancestor reports whether commit comes before, or is, the other one; known is
	// false when the clone does not hold both. Nil knows nothing.
	Ancestor func(ctx context.Context, commit, other string) (yes, known bool, err error)
}

// What a release records of the commits before it, so that an older commit finds
// itself there: its own clone does not have the newer one.
const (
	CommitsKept = 500
	HashKept    = 12
)

// superseded returns the failure of a run whose commit comes before the one that
// the release deployed. The same commit again, a newer one, one of another branch,
// and one whose relation nobody can know, go on.
func (r *Run) superseded(ctx context.Context, deployed *records.Release) error {
	if deployed == nil {
		return nil
	}
	older, guessed, err := r.isOlderThan(ctx, deployed)
	if err != nil || !older {
		return err
	}
	failure := &Failure{Code: ExitSuperseded, Try: "to go back on purpose: `go run ./ci rollback`",
		Cause: fmt.Sprintf("superseded by %s (%s), which production runs already", deployed.Version, hash(deployed.Commit))}
	if guessed {
		failure.Cause += fmt.Sprintf(", by the commits' times (%s, this one %s)", utc(deployed.Committed), utc(r.opts.Built))
		failure.Try = "the clones are too shallow to tell: give the job its history (git fetch --unshallow; GitHub: fetch-depth: 0, GitLab: GIT_DEPTH: 0)"
	}
	return failure
}

// isOlderThan asks git, then what the release recorded, and where both are cut off
// the commits' times, which is a guess.
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
		return false, false, nil // it recorded all there are, and this one is none of them
	case r.opts.History.Shallow && !deployed.Committed.IsZero():
		return r.opts.Built.Before(deployed.Committed), true, nil
	}
	return false, false, nil
}

// foreseeSuperseded keeps the failure for the first stage, so that the run that
// ends before it has built anything still has a report.
func (r *Run) foreseeSuperseded(ctx context.Context) error {
	err := r.checkSuperseded(ctx)
	if known := (*Failure)(nil); errors.As(err, &known) && known.Code == ExitSuperseded {
		r.outdated = err
		return nil
	}
	return err
}

// checkSuperseded compares with what production runs now.
func (r *Run) checkSuperseded(ctx context.Context) error {
	releases, err := r.releases(ctx)
	if err != nil || len(releases) == 0 {
		return err
	}
	return r.superseded(ctx, &releases[0])
}

// isHash tells a commit from what stands for none.
func isHash(commit string) bool { return len(commit) >= 40 }

func hash(commit string) string { return commit[:min(HashKept, len(commit))] }

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }
