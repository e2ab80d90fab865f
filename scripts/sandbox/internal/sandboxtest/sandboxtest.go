// Package sandboxtest is what tests of several packages need: golden files, a
// docker command that only writes down, files to change. It knows no package.
package sandboxtest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files below testdata")

// Golden compares with a file below testdata.
func Golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test . -update writes it")
}

// Docker puts a docker command into PATH that writes down how it is called
// and answers as the cases of a shell's case statement say ($* is the call).
// It returns what was called since the last time.
func Docker(t *testing.T, cases string) (calls func() string) {
	t.Helper()
	folder := t.TempDir()
	log := filepath.Join(folder, "log")
	script := "#!/bin/sh\necho \"docker $*\" >>" + log + "\ncase \"$*\" in\n" + cases + "\nesac\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "docker"), []byte(script), 0o755))
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	return func() string {
		text, _ := os.ReadFile(log)
		_ = os.Remove(log)
		return strings.TrimSpace(string(text))
	}
}

// Append adds text to a file that is there.
func Append(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}
