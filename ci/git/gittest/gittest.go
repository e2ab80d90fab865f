// Package gittest makes git repositories for tests. It does not know what is asked of them.
package gittest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// CommitTime is that of all commits.
const CommitTime = 1700000000

// Run runs git in the folder, away from the user's own configuration.
func Run(t *testing.T, folder string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", folder}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
}

// Repository returns a folder with two commits.
func Repository(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	Run(t, folder, "init", "-q", "--initial-branch=master")
	for _, text := range []string{"one", "two"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "file"), []byte(text), 0o644))
		Run(t, folder, "add", ".")
		Run(t, folder, "commit", "-q", "-m", text)
	}
	return folder
}
