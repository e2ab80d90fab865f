package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/git/gittest"
)

func TestAnUntaggedCommitIsCountedAndNamed(t *testing.T) {
	t.Parallel()
	found, err := RevisionOf(t.Context(), gittest.Repository(t), "")
	require.NoError(t, err)
	require.Len(t, found.Commit, 40)
	require.Equal(t, "2-g"+found.Commit[:8], found.Version)
	require.EqualValues(t, gittest.CommitTime, found.Time.Unix())
}

func TestATagIsTheVersion(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"light": {"tag", "v1.2"}, "annotated": {"tag", "-a", "-m", "x", "v1.2"}} {
		folder := gittest.Repository(t)
		gittest.Run(t, folder, args...)
		found, err := RevisionOf(t.Context(), folder, "")
		require.NoError(t, err)
		require.Equal(t, "v1.2", found.Version, name)
	}
}

func TestATagOfAnEarlierCommitIsNotTheVersion(t *testing.T) {
	t.Parallel()
	folder := gittest.Repository(t)
	gittest.Run(t, folder, "tag", "v1.2", "HEAD~1")
	found, err := RevisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	require.Equal(t, "2-g"+found.Commit[:8], found.Version)
}

func TestAChangedTreeIsDirty(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, version string }{
		"a tracked file":       {"file", "v1-dirty"},
		"a new file":           {"new", "v1-dirty"},
		"reports do not count": {".slipway/runs/a/report.json", "v1"},
	} {
		folder := gittest.Repository(t)
		gittest.Run(t, folder, "tag", "v1")
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, c.file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, c.file), []byte("changed"), 0o644))
		found, err := RevisionOf(t.Context(), folder, "")
		require.NoError(t, err)
		require.Equal(t, c.version, found.Version, name)
	}
}

func TestAGivenVersionWinsAndTheCommitIsStillKnown(t *testing.T) {
	t.Parallel()
	folder := gittest.Repository(t)
	gittest.Run(t, folder, "tag", "v1")
	found, err := RevisionOf(t.Context(), folder, "mine")
	require.NoError(t, err)
	require.Equal(t, "mine", found.Version)
	require.Len(t, found.Commit, 40)
}

func TestWithoutGitTheVersionMustBeGiven(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := RevisionOf(t.Context(), folder, "")
	require.EqualError(t, err, folder+" has no git commit to derive a version from: give --version")
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	found, err := RevisionOf(t.Context(), folder, "v1")
	require.NoError(t, err)
	require.Equal(t, "v1", found.Version)
	require.Equal(t, "unknown", found.Commit)
}

func TestARepositoryWithoutACommitIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	gittest.Run(t, folder, "init", "-q")
	_, err := RevisionOf(t.Context(), folder, "")
	require.ErrorContains(t, err, "has no git commit")
}

func TestTheCommitsBeforeAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	folder := gittest.Repository(t)
	found, err := RevisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	require.Len(t, found.History.Before, 1)
	require.Len(t, found.History.Before[0], commits.HashKept)
	require.NotEqual(t, found.Commit[:commits.HashKept], found.History.Before[0])
	require.False(t, found.History.Shallow)
}

func TestGitTellsAncestorsAsFarAsTheCloneKnows(t *testing.T) {
	t.Parallel()
	folder := gittest.Repository(t)
	second, err := RevisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	gittest.Run(t, folder, "checkout", "-q", "HEAD~1")
	first, err := RevisionOf(t.Context(), folder, "")
	require.NoError(t, err)
	shallow := t.TempDir()
	gittest.Run(t, shallow, "clone", "-q", "--depth=1", "--branch", "master", "file://"+folder, ".")
	cut, err := RevisionOf(t.Context(), shallow, "")
	require.NoError(t, err)
	require.True(t, cut.History.Shallow)
	require.Equal(t, second.Commit, cut.Commit)
	require.Empty(t, cut.History.Before)
	require.Equal(t, "g"+second.Commit[:8], cut.Version, "its number is not known")

	for name, c := range map[string]struct {
		in         Revision
		one, other string
		yes, known bool
	}{
		"older":                              {second, first.Commit, second.Commit, true, true},
		"newer":                              {second, second.Commit, first.Commit, false, true},
		"itself":                             {second, second.Commit, second.Commit, true, true},
		"a commit that is nowhere":           {second, first.Commit, strings.Repeat("0", 39) + "1", false, false},
		"a shallow clone lacks the older":    {cut, first.Commit, second.Commit, false, false},
		"a shallow clone never says no":      {cut, second.Commit, first.Commit, false, false},
		"a shallow clone still knows itself": {cut, second.Commit, second.Commit, true, true},
	} {
		yes, known, err := c.in.History.Ancestor(t.Context(), c.one, c.other)
		require.NoError(t, err, name)
		require.Equal(t, [2]bool{c.yes, c.known}, [2]bool{yes, known}, name)
	}
}

func TestTheVersionsOfTwoShallowClonesDiffer(t *testing.T) {
	t.Parallel()
	whole := gittest.Repository(t)
	gittest.Run(t, whole, "branch", "older", "HEAD~1")
	versions := map[string]bool{}
	for _, branch := range []string{"master", "older"} {
		cut := t.TempDir()
		gittest.Run(t, cut, "clone", "-q", "--depth=1", "--branch", branch, "file://"+whole, ".")
		found, err := RevisionOf(t.Context(), cut, "")
		require.NoError(t, err)
		head, err := exec.CommandContext(t.Context(), "git", "-C", cut, "rev-parse", "--short=8", "HEAD").Output()
		require.NoError(t, err)
		require.Equal(t, "g"+strings.TrimSpace(string(head)), found.Version)
		versions[found.Version] = true
	}
	require.Len(t, versions, 2)
}
