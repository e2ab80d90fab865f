package pinned

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

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

func TestAProgramOfAnotherCloneStaysUntilNobodyCallsIt(t *testing.T) {
	compiled, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	require.NoError(t, err)
	t.Setenv("GOCACHE", strings.TrimSpace(string(compiled))) // else all of Go's own packages are compiled anew
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	clone := func(text string) string {
		folder := filepath.Join(t.TempDir(), "program")
		require.NoError(t, os.Mkdir(folder, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module program\n"), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n\nfunc main() { println("+text+") }\n"), 0o644))
		path, err := Compile(t.Context(), folder, ".")
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
