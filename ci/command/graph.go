package command

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/git"
	"github.com/slipway-cd/slipway/ci/history"
)

// commitHash is what git is asked about; a record could hold anything.
var commitHash = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// commitsRead limits what is read of git to tell lead times: a second's worth.
const commitsRead = 20000

// graph reads the commits before those given. Of a folder of a repository with several
// applications git cannot tell in one answer which are its own: there is nothing then,
// and each release counts as its own commit.
func (f *flags) graph(ctx context.Context, commits []string) history.Graph {
	commits = slices.DeleteFunc(slices.Clone(commits), func(commit string) bool { return !commitHash.MatchString(commit) })
	if f.folder != "." || len(commits) == 0 {
		return nil
	}
	args := []string{"log", "--ignore-missing", "--max-count=" + strconv.Itoa(commitsRead), "--format=%H %ct %P"}
	out, err := git.Run(ctx, f.root, append(args, commits...)...)
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
