package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/git"
)

func TestCommitsAreThoseOfTheApplicationBetweenTwo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ask := func(args ...string) string {
		out, err := git.Run(t.Context(), folder, args...)
		require.NoError(t, err, args)
		return out
	}
	ask("init", "--quiet")
	commit := func(file, subject string) string {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte(subject), 0o644))
		ask("add", ".")
		ask("-c", "user.name=ada", "-c", "user.email=a@b", "commit", "--quiet", "-m", subject)
		return ask("rev-parse", "HEAD")
	}
	first, _, third := commit("shop/a", "one"), commit("mail/a", "two"), commit("shop/b", "three")
	subjects := func(f *flags, from, to string) (out string) {
		commits, err := f.commits(t.Context(), from, to)
		require.NoError(t, err)
		for _, c := range commits {
			require.Equal(t, "ada", c.Author)
			require.Len(t, c.Hash, 40)
			out += c.Subject + " "
		}
		return out
	}
	whole := &flags{root: folder, folder: "."}
	require.Equal(t, "three two ", subjects(whole, first, third))
	require.Empty(t, subjects(whole, third, first))
	require.Equal(t, "three ", subjects(&flags{root: folder, folder: "shop", app: description.Application{}}, first, third))
	_, err := whole.commits(t.Context(), strings.Repeat("0", 40), third)
	require.EqualError(t, err, "this clone has no commit 000000000000: fetch it, the whole history with `git fetch --unshallow`")
}

func TestTheGraphOfCommitsIsThatOfTheWholeRepository(t *testing.T) {
	t.Parallel()
	f := &flags{root: "../..", folder: "."}
	head, err := git.Run(t.Context(), f.root, "rev-parse", "HEAD")
	require.NoError(t, err)
	graph := f.graph(t.Context(), []string{head, "unknown", strings.Repeat("0", 40), "--output=/tmp/x"})
	require.NotEmpty(t, graph[head].Parents)
	require.Contains(t, graph, graph[head].Parents[0])
	require.False(t, graph[head].Time.IsZero())
	require.Nil(t, f.graph(t.Context(), []string{"unknown"}))
	f.folder = "shop"
	require.Nil(t, f.graph(t.Context(), []string{head}))
}
