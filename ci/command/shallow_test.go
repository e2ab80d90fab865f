package command

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/git/gittest"
)

// Not parallel: it takes the program's stderr.
func TestRunAndPlanBeginWithOneLineAboutAShallowClone(t *testing.T) {
	whole, cut := gittest.Repository(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(whole, description.File), []byte(shop), 0o644))
	gittest.Run(t, whole, "add", ".")
	gittest.Run(t, whole, "commit", "-q", "-m", "describe")
	gittest.Run(t, cut, "clone", "-q", "--depth=1", "file://"+whole, ".")
	for _, command := range []string{"run", "plan"} {
		for source, lines := range map[string]int{whole: 0, cut: 1} {
			said := stderrOf(t, func() { // both end at the missing overlay or Dockerfile, after this
				require.Equal(t, exit.Usage, Main(app.Application, []string{command, "--source", source, "--vendor", "gitlab"}))
			})
			require.Equal(t, lines, strings.Count(said, "slipway: this clone is shallow: "), said)
			require.Equal(t, lines > 0, strings.HasPrefix(said, "slipway: this clone is shallow: ") && strings.Contains(said, "set the variable `GIT_DEPTH: 0`\n"), said)
		}
	}
}

// stderrOf returns what a function writes to stderr.
func stderrOf(t *testing.T, do func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	was := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = was }()
	do()
	_, err = file.Seek(0, io.SeekStart)
	require.NoError(t, err)
	said, err := io.ReadAll(file)
	require.NoError(t, err)
	return string(said)
}
