package command

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestAProgramIsCompiledAgainWhenWhatItIsMadeOfChanges(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	for _, name := range []string{"go.mod", "main.go", "main_test.go", "internal/a/a.go", "internal/a/a_test.go", "internal/a/testdata/a", "images/a/main.go"} {
		files[name] = &fstest.MapFile{Mode: 0o644}
	}
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, files))
	for name, part := range map[string]bool{
		"go.mod": true, "main.go": true, "internal/a/a.go": true,
		"main_test.go": false, "internal/a/a_test.go": false, "internal/a/testdata/a": false, "images/a/main.go": false,
	} {
		before, err := sumOf(folder)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("// more\n"), 0o644))
		after, err := sumOf(folder)
		require.NoError(t, err)
		require.Equal(t, part, before != after, name)
	}
}
