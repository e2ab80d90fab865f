package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files below testdata")

// golden compares with a file below testdata.
func golden(t *testing.T, name, got string) {
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

// newSandbox is one whose cache is empty and which starts nothing.
func newSandbox(t *testing.T) *Sandbox {
	t.Helper()
	images, err := filepath.Abs("images")
	require.NoError(t, err)
	s := &Sandbox{cache: t.TempDir(), images: images, holder: "/home/me/clone", user: "me", log: &progress{out: io.Discard}}
	require.NoError(t, os.MkdirAll(filepath.Join(s.cache, "logs"), 0o755))
	return s
}

// fakeDocker puts a docker command into PATH that writes down how it is called
// and answers as the cases of a shell's case statement say ($* is the call).
// It returns what was called since the last time.
func fakeDocker(t *testing.T, cases string) (calls func() string) {
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
