package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/git/gittest"
	"github.com/slipway-cd/slipway/ci/sops"
)

func TestACommitToAnotherApplicationChangesNothingOfThisOne(t *testing.T) {
	t.Parallel()
	top := gittest.Repository(t)
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(top, name), []byte(text), 0o644))
	}
	write("shop/main.c", "one")
	write("lib/all.h", "one")
	write("lib/.dockerignore", "docs\n*.md\n!keep.md\n")
	write("base/all.yaml", "one")
	gittest.Run(t, top, "add", ".")
	gittest.Run(t, top, "commit", "-q", "-m", "all")
	f := &flags{root: top, folder: "shop", app: description.Application{Images: []description.Image{{Build: description.Build{Context: "lib"}}}}}
	tree := sops.New(t.Context(), top)
	_, err := tree.ReadFile("base/all.yaml")
	require.NoError(t, err)
	unchanged := f.unchangedSince(tree)
	require.True(t, unchanged(t.Context(), "HEAD"))
	require.False(t, unchanged(t.Context(), "0123456789012345678901234567890123456789"), "git does not have it")
	for name, want := range map[string]bool{
		"other/main.c": true, "shopping/main.c": true, "lib/docs/a": true, "lib/READ.md": true, "base/other.yaml": true, "file": true,
		"shop/main.c": false, "lib/all.h": false, "lib/keep.md": false, "base/all.yaml": false,
	} {
		write(name, "two of "+name)
		gittest.Run(t, top, "add", ".")
		gittest.Run(t, top, "commit", "-q", "-m", name)
		require.Equal(t, want, unchanged(t.Context(), "HEAD~1"), name)
	}
}
