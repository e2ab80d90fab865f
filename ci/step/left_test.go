package step

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
)

// TestWhatAStepLeavesIsNoWayToFilesOfThisMachine: a folder comes with its links, which mean something else here.
func TestWhatAStepLeavesIsNoWayToFilesOfThisMachine(t *testing.T) {
	t.Parallel()
	folder, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret.xml")
	require.NoError(t, os.WriteFile(outside, []byte(`<testsuite><testcase name="secret"/></testsuite>`), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(folder, "below"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "below", "kept.txt"), nil, 0o600))
	for link, to := range map[string]string{"junit.xml": outside, "below/zero": "/dev/zero", "up": ".."} {
		require.NoError(t, os.Symlink(to, filepath.Join(folder, link)))
	}
	var outcome Outcome
	require.EqualError(t, outcome.read(description.Step{JUnit: "/junit.xml"}, "/junit.xml", filepath.Join(folder, "junit.xml")), "it is no regular file")
	require.Empty(t, outcome.Tests)

	require.NoError(t, onlyFiles(folder))
	var left []string
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		left = append(left, entry.Name())
		return err
	}))
	require.Equal(t, []string{filepath.Base(folder), "below", "kept.txt"}, left)
	require.FileExists(t, outside)
}
