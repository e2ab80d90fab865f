// Package commits decides which of two commits is the older one, by what git knows and by what was recorded of a release. It runs
// no git, and does not know what is deployed.
package commits

import (
	"context"
	"slices"
	"time"
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
}

// The limits of what a release records of the commits before it. A run of an older
// commit needs that record, since its own clone does not have the newer commit.
const (
	CommitsKept = 500
	HashKept    = 12
)

// Commit is one, with what was recorded of those before it.
type Commit struct {
	Hash    string
	Time    time.Time // zero where nothing was recorded
	Before  []string
	Shallow bool
}

// Older reports whether a commit, whose history this is, comes before the deployed one. It asks git, then the record of the
// deployed one. If neither goes back far enough, it guesses by the commits' times.
func (h History) Older(ctx context.Context, own, deployed Commit) (older, guessed bool, err error) {
	if !IsHash(own.Hash) || !IsHash(deployed.Hash) || own.Hash == deployed.Hash {
		return false, false, nil
	}
	if ask := h.Ancestor; ask != nil {
		older, known, err := ask(ctx, own.Hash, deployed.Hash)
		if err != nil || known {
			return older, false, err
		}
	}
	switch {
	case slices.Contains(deployed.Before, Short(own.Hash)):
		return true, false, nil
	case slices.Contains(h.Before, Short(deployed.Hash)):
		return false, false, nil
	case !deployed.Shallow && len(deployed.Before) < CommitsKept && !deployed.Time.IsZero():
		return false, false, nil // it recorded all earlier commits, and this one is not among them
	case h.Shallow && !deployed.Time.IsZero():
		return own.Time.Before(deployed.Time), true, nil
	}
	return false, false, nil
}

// IsHash reports whether commit is a hash and not the placeholder for none.
func IsHash(commit string) bool { return len(commit) >= 40 }

// Short cuts a hash to HashKept characters.
func Short(commit string) string { return commit[:min(HashKept, len(commit))] }
