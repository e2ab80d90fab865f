package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

// revision is what git knows about the source.
type revision struct {
	version string
	commit  string
	time    time.Time // of the commit
}

// revisionOf asks git, unless a version is given and there is no git.
func revisionOf(ctx context.Context, source, version string) (revision, error) {
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", source}, args...)...).Output()
		return strings.TrimSpace(string(out)), err
	}
	head, err := git("show", "--no-patch", "--format=%H %ct", "HEAD")
	commit, seconds, _ := strings.Cut(head, " ")
	at, parseErr := strconv.ParseInt(seconds, 10, 64)
	if err != nil || parseErr != nil {
		if version == "" {
			return revision{}, pipeline.Usage("--version: %s has no git commit to take it from; give --version", source)
		}
		return revision{version: version, commit: "unknown", time: time.Unix(0, 0)}, nil
	}
	found := revision{version: version, commit: commit, time: time.Unix(at, 0)}
	if version != "" {
		return found, nil
	}
	if found.version, err = git("describe", "--tags", "--exact-match", "HEAD"); err != nil {
		count, err := git("rev-list", "--count", "HEAD")
		if err != nil {
			return revision{}, fmt.Errorf("count commits of %s: %w", source, err)
		}
		found.version = count + "-g" + commit[:min(8, len(commit))]
	}
	changed, err := git("status", "--porcelain", "--", ".", ":(exclude).slipway")
	if err != nil {
		return revision{}, fmt.Errorf("git status of %s: %w", source, err)
	}
	if changed != "" {
		found.version += "-dirty"
	}
	return found, nil
}
