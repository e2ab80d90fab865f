// Package git tells what a git repository knows of a source: its version, its commit and those before it, where it was cloned from.
// It does not know what is built of it.
package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/exit"
)

// NoCommit stands for the commit of a source that is not a git repository.
const NoCommit = "unknown"

// Revision is what git knows about the source.
type Revision struct {
	Version string
	Commit  string
	Time    time.Time // of the commit
	History commits.History
	Changed bool // there is something that no commit has
}

// RevisionOf asks git, unless a version is given and there is no git. What is built from
// other folders than source counts for whether something is changed.
func RevisionOf(ctx context.Context, source, version string, contexts ...string) (Revision, error) {
	git := func(args ...string) (string, error) { return Run(ctx, source, args...) }
	head, err := git("show", "--no-patch", "--format=%H %ct", "HEAD")
	commit, seconds, _ := strings.Cut(head, " ")
	at, parseErr := strconv.ParseInt(seconds, 10, 64)
	if err != nil || parseErr != nil {
		if version == "" {
			return Revision{}, exit.Usagef("%s has no git commit to derive a version from: give --version", source)
		}
		return Revision{Version: version, Commit: NoCommit, Time: time.Unix(0, 0)}, nil
	}
	found := Revision{Version: version, Commit: commit, Time: time.Unix(at, 0)}
	if found.History, err = historyOf(ctx, source); err != nil {
		return Revision{}, err
	}
	changed, err := git(append([]string{"status", "--porcelain", "--", ".", ":(exclude,top,glob)**/.slipway/**"}, contexts...)...)
	if err != nil {
		return Revision{}, fmt.Errorf("git status of %s: %w", source, err)
	}
	found.Changed = changed != ""
	if version != "" {
		return found, nil
	}
	suffix := ""
	if found.Changed {
		suffix = dirty
	}
	if tag, err := git("describe", "--tags", "--exact-match", "HEAD"); err == nil {
		found.Version = versionOfTag(tag, commit, suffix)
		return found, nil
	}
	found.Version = "g" + commit[:8] + suffix
	if found.History.Shallow {
		return found, nil // what git would count is how deep the clone is
	}
	count, err := git("rev-list", "--count", "HEAD")
	if err != nil {
		return Revision{}, fmt.Errorf("count commits of %s: %w", source, err)
	}
	found.Version = count + "-" + found.Version
	return found, nil
}

// historyOf reads what a release records of the commits before it.
func historyOf(ctx context.Context, source string) (commits.History, error) {
	before, err := Run(ctx, source, "rev-list", "--skip=1", "--max-count="+strconv.Itoa(commits.CommitsKept), "HEAD")
	if err != nil {
		return commits.History{}, fmt.Errorf("list commits of %s: %w", source, err)
	}
	shallow, err := Run(ctx, source, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return commits.History{}, fmt.Errorf("git rev-parse of %s: %w", source, err)
	}
	out := commits.History{Shallow: shallow == "true", Ancestor: func(ctx context.Context, commit, other string) (yes, known bool, err error) {
		return ancestor(ctx, source, commit, other, shallow == "true")
	}}
	for line := range strings.Lines(before) {
		out.Before = append(out.Before, strings.TrimSpace(line)[:commits.HashKept])
	}
	return out, nil
}

// ancestor asks whether commit comes before the other. A shallow clone that says
// no may only lack the commits between them.
func ancestor(ctx context.Context, source, commit, other string, shallow bool) (yes, known bool, err error) {
	_, err = Run(ctx, source, "merge-base", "--is-ancestor", commit, other)
	var ended *exec.ExitError
	switch {
	case err == nil:
		return true, true, nil
	case ctx.Err() != nil:
		return false, false, context.Cause(ctx)
	case errors.As(err, &ended) && ended.ExitCode() == 1 && !shallow:
		return false, true, nil
	case errors.As(err, &ended): // 128: it has no such commit
		return false, false, nil
	}
	return false, false, fmt.Errorf("git merge-base in %s: %w", source, err)
}

// Run runs git and returns what it prints. What a partial clone lacks is not
// fetched for a question.
func Run(ctx context.Context, source string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", source}, args...)...)
	command.Env = append(os.Environ(), "GIT_NO_LAZY_FETCH=1")
	out, err := command.Output()
	return strings.TrimSpace(string(out)), err
}
