package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/flavour"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/progress"
)

func TestAnEngineOfTheUserIsUsedInPlaceOfOurs(t *testing.T) {
	t.Parallel()
	require.Empty(t, coordinates.NamedEngine(coordinates.OwnEngine), "`sandbox env` names ours")
	require.Empty(t, coordinates.NamedEngine(""))
	s := newSandbox(t)
	s.engine = coordinates.NamedEngine("tcp://engine:1234")
	f, err := flavour.Published(s.images)
	require.NoError(t, err)
	for _, c := range s.containers(f) {
		require.NotEqual(t, docker.Engine, c.Name)
	}
	require.NotContains(t, s.wanted(), "engine")
	var out strings.Builder
	require.NoError(t, s.Status(t.Context(), &out))
	require.Regexp(t, `engine +- +yours +tcp://engine:1234`, out.String())
}

// newSandbox is one whose cache is empty and which starts nothing.
func newSandbox(t *testing.T) *Sandbox {
	t.Helper()
	images, err := filepath.Abs("images")
	require.NoError(t, err)
	s := &Sandbox{cache: t.TempDir(), images: images, owner: docker.Owner{Holder: "/home/me/clone", User: "me"}, log: progress.New(io.Discard)}
	require.NoError(t, os.MkdirAll(filepath.Join(s.cache, "logs"), 0o755))
	return s
}
