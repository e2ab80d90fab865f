package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/difference"
	"github.com/slipway-cd/slipway/ci/git"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/view"
)

type diffCommand struct {
	From string `arg:"" name:"v1" help:"The version to begin with, of those that history shows."`
	To   string `arg:"" name:"v2" help:"The version to end with."`
	JSON bool   `name:"json" help:"Print it for programs, as --output json does."`
}

// Run prints what changed between two releases.
func (c *diffCommand) Run(ctx context.Context, f *flags) error {
	ctx, cancel := f.limit(ctx)
	defer cancel()
	mode, err := f.modeOr(c.JSON)
	if err != nil {
		return err
	}
	sigstore, err := f.sigstore(ctx)
	if err != nil {
		return err
	}
	at, err := f.target(ctx, ofProduction)
	if err != nil {
		return err
	}
	images, err := artifact.Of(f.app, at.image)
	if err != nil {
		return err
	}
	in, err := at.connect(ctx)
	if err != nil {
		return err
	}
	found, err := difference.Compare(ctx, difference.Sources{Namespace: f.Namespace, Images: images, Production: in.production,
		Registry: f.registry(at), Sigstore: sigstore, Git: f.commits}, c.From, c.To)
	if err != nil {
		return err
	}
	return view.PrintDifference(found, mode, f.host.screen())
}

// commitsShown limits what is asked of git.
const commitsShown = 1000

// commits lists the commits of the application that to has and from has not.
func (f *flags) commits(ctx context.Context, from, to string) ([]history.Commit, error) {
	for _, commit := range []string{from, to} {
		known := commitHash.MatchString(commit) // a record could hold anything
		if known {
			_, err := git.Run(ctx, f.root, "cat-file", "-e", commit+"^{commit}")
			known = err == nil
		}
		if !known {
			return nil, fmt.Errorf("this clone has no commit %.12s: fetch it, the whole history with `git fetch --unshallow`", commit)
		}
	}
	args := []string{"log", "--max-count=" + strconv.Itoa(commitsShown), "--format=%H%x00%ct%x00%an%x00%s", from + ".." + to}
	if f.folder != "." {
		args = append(append(args, "--", f.folder), f.buildContexts()...)
	}
	out, err := git.Run(ctx, f.root, args...)
	if err != nil {
		return nil, errors.New("git log of " + f.root + ": " + err.Error())
	}
	var commits []history.Commit
	for line := range strings.Lines(out) {
		fields := strings.SplitN(strings.TrimRight(line, "\n"), "\x00", 4)
		if len(fields) < 4 {
			continue
		}
		seconds, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("git log of %s: %w", f.root, err)
		}
		commits = append(commits, history.Commit{Hash: fields[0], Time: time.Unix(seconds, 0).UTC(), Author: fields[2], Subject: fields[3]})
	}
	return commits, nil
}
