package git

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/history"
)

// commitHash is what git is asked about; a record could hold anything.
var commitHash = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// commitsRead limits what is read of git to tell lead times: a second's worth.
const commitsRead = 20000

// Source is an application's folder, of a repository with several perhaps.
type Source struct {
	Root     string
	Folder   string   // below Root
	Contexts []string // what else is built into it
}

// Graph reads the commits before those given. Of a folder of a repository with several
// applications git cannot tell in one answer which are its own: there is nothing then,
// and each release counts as its own commit.
func (s Source) Graph(ctx context.Context, commits []string) history.Graph {
	commits = slices.DeleteFunc(slices.Clone(commits), func(commit string) bool { return !commitHash.MatchString(commit) })
	if s.Folder != "." || len(commits) == 0 {
		return nil
	}
	args := []string{"log", "--ignore-missing", "--max-count=" + strconv.Itoa(commitsRead), "--format=%H %ct %P"}
	out, err := Run(ctx, s.Root, append(args, commits...)...)
	if err != nil {
		return nil // no repository, or git is not there
	}
	graph := history.Graph{}
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if seconds, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			graph[fields[0]] = history.Node{Time: time.Unix(seconds, 0).UTC(), Parents: fields[2:]}
		}
	}
	return graph
}

// commitsShown limits what is asked of git.
const commitsShown = 1000

// Between lists the commits of the application that to has and from has not.
func (s Source) Between(ctx context.Context, from, to string) ([]history.Commit, error) {
	for _, commit := range []string{from, to} {
		known := commitHash.MatchString(commit) // a record could hold anything
		if known {
			_, err := Run(ctx, s.Root, "cat-file", "-e", commit+"^{commit}")
			known = err == nil
		}
		if !known {
			return nil, fmt.Errorf("this clone has no commit %.12s: fetch it, the whole history with `git fetch --unshallow`", commit)
		}
	}
	args := []string{"log", "--max-count=" + strconv.Itoa(commitsShown), "--format=%H%x00%ct%x00%an%x00%s", from + ".." + to}
	if s.Folder != "." {
		args = append(append(args, "--", s.Folder), s.Contexts...)
	}
	out, err := Run(ctx, s.Root, args...)
	if err != nil {
		return nil, errors.New("git log of " + s.Root + ": " + err.Error())
	}
	var found []history.Commit
	for line := range strings.Lines(out) {
		fields := strings.SplitN(strings.TrimRight(line, "\n"), "\x00", 4)
		if len(fields) < 4 {
			continue
		}
		seconds, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("git log of %s: %w", s.Root, err)
		}
		found = append(found, history.Commit{Hash: fields[0], Time: time.Unix(seconds, 0).UTC(), Author: fields[2], Subject: fields[3]})
	}
	return found, nil
}
