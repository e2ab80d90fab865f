package command

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAProgramOfAnotherCloneStaysUntilNobodyCallsIt(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	clone := func(text string) string {
		folder := filepath.Join(t.TempDir(), "program")
		require.NoError(t, os.Mkdir(folder, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module program\n"), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n\nfunc main() { println("+text+") }\n"), 0o644))
		path, err := compiled(t.Context(), folder)
		require.NoError(t, err)
		return path
	}
	one := clone("1")
	two := clone("2")
	require.NotEqual(t, one, two)
	require.FileExists(t, one, "another clone may be calling it")
	long := time.Now().Add(-2 * unused)
	require.NoError(t, os.Chtimes(one, long, long))
	three := clone("3")
	require.NoFileExists(t, one)
	require.FileExists(t, two)
	require.FileExists(t, three)
}
