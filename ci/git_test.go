package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

const commitTime = 1700000000

// git runs git in the folder, away from the user's own configuration.
func git(t *testing.T, folder string, args ...string) {
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
	git(t, folder, "init", "-q")
	for _, text := range []string{"one", "two"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "file"), []byte(text), 0o644))
		git(t, folder, "add", ".")
		git(t, folder, "commit", "-q", "-m", text)
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
		git(t, folder, args...)
		found, err := revisionOf(t.Context(), folder, "")
		require.NoError(t, err)
		require.Equal(t, "v1.2", found.version, name)
	}
}

func TestATagOfAnEarlierCommitIsNotTheVersion(t *testing.T) {
	t.Parallel()
	folder := repository(t)
	git(t, folder, "tag", "v1.2", "HEAD~1")
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
		git(t, folder, "tag", "v1")
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
	git(t, folder, "tag", "v1")
	found, err := revisionOf(t.Context(), folder, "mine")
	require.NoError(t, err)
	require.Equal(t, "mine", found.version)
	require.Len(t, found.commit, 40)
}

func TestWithoutGitTheVersionMustBeGiven(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	_, err := revisionOf(t.Context(), folder, "")
	require.EqualError(t, err, "--version: "+folder+" has no git commit to take it from; give --version")
	require.Equal(t, pipeline.ExitUsage, pipeline.ExitCode(t.Context(), err))
	found, err := revisionOf(t.Context(), folder, "v1")
	require.NoError(t, err)
	require.Equal(t, "v1", found.version)
	require.Equal(t, "unknown", found.commit)
}

func TestARepositoryWithoutACommitIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	git(t, folder, "init", "-q")
	_, err := revisionOf(t.Context(), folder, "")
	require.ErrorContains(t, err, "has no git commit")
}
