package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/history"
)

const commitTime = 1700000000

// inGit runs git in the folder, away from the user's own configuration.
func inGit(t *testing.T, folder string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", folder}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
}

// repository returns a folder with two commits.
func repository(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	inGit(t, folder, "init", "-q", "--initial-branch=master")
	for _, text := range []string{"one", "two"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "file"), []byte(text), 0o644))
		inGit(t, folder, "add", ".")
		inGit(t, folder, "commit", "-q", "-m", text)
	}
	return folder
}

func TestAnUntaggedCommitIsCountedAndNamed(t *testing.T) {
	t.Parallel()
	found, err := revisionOf(t.Context(), repository(t), "")
	require.NoError(t, err)
	require.Len(t, found.commit, 40)
	require.Equal(t, "2-g"+found.commit[:8], found.version)
	require.EqualValues(t, commitTime, found.time.Unix())
}

func TestATagIsTheVersion(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"light": {"tag", "v1.2"}, "annotated": {"tag", "-a", "-m", "x", "v1.2"}} {
		folder := repository(t)
		inGit(t, folder, args...)
		found, err := revisionOf(t.Context(), folder, "")
		require.NoError(t, err)
		require.Equal(t, "v1.2", found.version, name)
	}
}

func TestATagOfAnEarlierCommitIsNotTheVersion(t *testing.T) {
	t.Parallel()
	folder := repository(t)
	inGit(t, folder, "tag", "v1.2", "HEAD~1")
	found, err := revisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	require.Equal(t, "2-g"+found.commit[:8], found.version)
}

func TestAChangedTreeIsDirty(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, version string }{
		"a tracked file":       {"file", "v1-dirty"},
		"a new file":           {"new", "v1-dirty"},
		"reports do not count": {".slipway/runs/a/report.json", "v1"},
	} {
		folder := repository(t)
		inGit(t, folder, "tag", "v1")
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, c.file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, c.file), []byte("changed"), 0o644))
		found, err := revisionOf(t.Context(), folder, "")
		require.NoError(t, err)
		require.Equal(t, c.version, found.version, name)
	}
}

func TestAGivenVersionWinsAndTheCommitIsStillKnown(t *testing.T) {
	t.Parallel()
	folder := repository(t)
	inGit(t, folder, "tag", "v1")
	found, err := revisionOf(t.Context(), folder, "mine")
	require.NoError(t, err)
	require.Equal(t, "mine", found.version)
	require.Len(t, found.commit, 40)
}

func TestWithoutGitTheVersionMustBeGiven(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := revisionOf(t.Context(), folder, "")
	require.EqualError(t, err, folder+" has no git commit to derive a version from: give --version")
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	found, err := revisionOf(t.Context(), folder, "v1")
	require.NoError(t, err)
	require.Equal(t, "v1", found.version)
	require.Equal(t, "unknown", found.commit)
}

func TestARepositoryWithoutACommitIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	inGit(t, folder, "init", "-q")
	_, err := revisionOf(t.Context(), folder, "")
	require.ErrorContains(t, err, "has no git commit")
}

func TestTheCommitsBeforeAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	folder := repository(t)
	found, err := revisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	require.Len(t, found.history.Before, 1)
	require.Len(t, found.history.Before[0], history.HashKept)
	require.NotEqual(t, found.commit[:history.HashKept], found.history.Before[0])
	require.False(t, found.history.Shallow)
}

func TestGitTellsAncestorsAsFarAsTheCloneKnows(t *testing.T) {
	t.Parallel()
	folder := repository(t)
	second, err := revisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	inGit(t, folder, "checkout", "-q", "HEAD~1")
	first, err := revisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	shallow := t.TempDir()
	inGit(t, shallow, "clone", "-q", "--depth=1", "--branch", "master", "file://"+folder, ".")
	cut, err := revisionOf(t.Context(), shallow, "")
	require.NoError(t, err)
	require.True(t, cut.history.Shallow)
	require.Equal(t, second.commit, cut.commit)
	require.Empty(t, cut.history.Before)
	require.Equal(t, "g"+second.commit[:8], cut.version, "its number is not known")

	for name, c := range map[string]struct {
		in         revision
		one, other string
		yes, known bool
	}{
		"older":                              {second, first.commit, second.commit, true, true},
		"newer":                              {second, second.commit, first.commit, false, true},
		"itself":                             {second, second.commit, second.commit, true, true},
		"a commit that is nowhere":           {second, first.commit, strings.Repeat("0", 39) + "1", false, false},
		"a shallow clone lacks the older":    {cut, first.commit, second.commit, false, false},
		"a shallow clone never says no":      {cut, second.commit, first.commit, false, false},
		"a shallow clone still knows itself": {cut, second.commit, second.commit, true, true},
	} {
		yes, known, err := c.in.history.Ancestor(t.Context(), c.one, c.other)
		require.NoError(t, err, name)
		require.Equal(t, [2]bool{c.yes, c.known}, [2]bool{yes, known}, name)
	}
}
