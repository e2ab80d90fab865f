// Package succession decides whether a run may follow what production runs: not with an older commit, nor in the namespace of
// another application, and not where nothing has changed. It reads nothing itself.
package succession

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/overlay"
	"github.com/slipway-cd/slipway/ci/settings"
)

// Run is a run of an application.
type Run struct {
	Application string
	Options     settings.Options
}

// Superseded returns a Failure if the commit of the run comes before that of the
// deployed release, which is nil before the first. The run goes on with the same commit, a newer one, one of another
// branch, and one whose relation cannot be known.
func (r Run) Superseded(ctx context.Context, deployed *records.Release) error {
	if deployed == nil {
		return nil
	}
	older, guessed, err := r.Options.History.Older(ctx, commits.Commit{Hash: r.Options.Commit, Time: r.Options.Built},
		commits.Commit{Hash: deployed.Commit, Time: deployed.Committed, Before: deployed.Before, Shallow: deployed.Shallow})
	if err != nil || !older {
		return err
	}
	failure := &exit.Failure{Code: exit.Superseded, Try: "to go back to an older version on purpose, use `" + about.Program() + " rollback`",
		Cause: fmt.Sprintf("superseded by %s (%s), which production runs already", deployed.Version, commits.Short(deployed.Commit))}
	if guessed {
		failure.Cause += fmt.Sprintf(", by the commits' times (%s, this one %s)", utc(deployed.Committed), utc(r.Options.Built))
		failure.Try = "the clones are too shallow to be certain: fetch the whole history (git fetch --unshallow; GitHub: fetch-depth: 0, GitLab: GIT_DEPTH: 0)"
	}
	return failure
}

// Unchanged says, in a repository with several applications, that nothing of this one has changed since
// the release that production runs; empty: something has, or somebody wants it to be put right.
func (r Run) Unchanged(ctx context.Context, deployed *records.Release) string {
	unchanged := r.Options.History.Unchanged
	if unchanged == nil || deployed.Commit == r.Options.Commit || deployed.Dirty || !commits.IsHash(deployed.Commit) || !unchanged(ctx, deployed.Commit) {
		return ""
	}
	return fmt.Sprintf("nothing of %s has changed since %s, which production runs", r.Application, deployed.Version)
}

// CheckApplication refuses a namespace in which another application was released: a deploy
// removes what the release before had and its own has not.
func (r Run) CheckApplication(deployed *records.Release) error {
	if len(deployed.Objects) == 0 {
		return nil
	}
	other := deployed.Objects[0].GetLabels()[overlay.ApplicationLabel]
	if other == "" || other == r.Application || slices.Contains(r.Options.TakeOver, other) {
		return nil
	}
	return exit.Usagef("--namespace %s: there is release %s of %s: each application needs a namespace of its own; if %[3]s is the former name of this one, give --take-over %[3]s", r.Options.Namespace, deployed.Version, other)
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }
