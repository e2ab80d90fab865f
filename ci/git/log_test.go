package git

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommitsAreThoseOfTheApplicationBetweenTwo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ask := func(args ...string) string {
		out, err := Run(t.Context(), folder, args...)
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
	subjects := func(s Source, from, to string) (out string) {
		commits, err := s.Between(t.Context(), from, to)
		require.NoError(t, err)
		for _, c := range commits {
			require.Equal(t, "ada", c.Author)
			require.Len(t, c.Hash, 40)
			out += c.Subject + " "
		}
		return out
	}
	whole := Source{Root: folder, Folder: "."}
	require.Equal(t, "three two ", subjects(whole, first, third))
	require.Empty(t, subjects(whole, third, first))
	require.Equal(t, "three ", subjects(Source{Root: folder, Folder: "shop"}, first, third))
	_, err := whole.Between(t.Context(), strings.Repeat("0", 40), third)
	require.EqualError(t, err, "this clone has no commit 000000000000: fetch it, the whole history with `git fetch --unshallow`")
}

func TestTheGraphOfCommitsIsThatOfTheWholeRepository(t *testing.T) {
	t.Parallel()
	s := Source{Root: "../..", Folder: "."}
	head, err := Run(t.Context(), s.Root, "rev-parse", "HEAD")
	require.NoError(t, err)
	graph := s.Graph(t.Context(), []string{head, "unknown", strings.Repeat("0", 40), "--output=/tmp/x"})
	require.NotEmpty(t, graph[head].Parents)
	require.Contains(t, graph, graph[head].Parents[0])
	require.False(t, graph[head].Time.IsZero())
	require.Nil(t, s.Graph(t.Context(), []string{"unknown"}))
	s.Folder = "shop"
	require.Nil(t, s.Graph(t.Context(), []string{head}))
}
