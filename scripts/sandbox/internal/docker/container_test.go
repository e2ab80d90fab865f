package docker

import (
	"archive/tar"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/sandboxtest"
)

func TestAContainerIsMadeAnewWhenItsOptionsChange(t *testing.T) {
	t.Parallel()
	c := Container{Name: "slipway-engine", Image: "a", Files: map[string]string{"/etc/a": "b"}}
	key := c.Key()
	c.Files = map[string]string{"/etc/a": "c"}
	require.NotEqual(t, key, c.Key())
	c.Files = map[string]string{"/etc/a": "b"}
	require.Equal(t, key, c.Key())
	c.Run = []string{"--privileged"}
	require.NotEqual(t, key, c.Key())
}

func TestFilesReachAContainerWithTheFoldersAboveThem(t *testing.T) {
	t.Parallel()
	archive, err := archived(map[string]string{"/etc/a/one": "1", "/etc/two": "22"})
	require.NoError(t, err)
	var names []string
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		names = append(names, header.Name)
	}
	require.Equal(t, []string{"etc/", "etc/a/", "etc/a/one", "etc/two"}, names)
}

func TestAVolumeStaysAsLongAsWhatWroteIt(t *testing.T) {
	c := Container{Name: "slipway-node", State: "now"}
	for state, want := range map[string][]string{
		"echo now":    {"volume inspect"},
		"echo before": {"volume inspect", "volume rm --force slipway-node", "volume create --label dev.slipway.state=now slipway-node"},
		"true":        {"volume inspect", "volume rm --force slipway-node", "volume create --label dev.slipway.state=now slipway-node"},
		"exit 1":      {"volume inspect", "volume create --label dev.slipway.state=now slipway-node"},
	} {
		calls := sandboxtest.Docker(t, `"volume inspect"*) `+state+` ;;`)
		require.NoError(t, (&Docker{}).ensureVolume(t.Context(), c))
		made := strings.Split(calls(), "\n")
		require.Len(t, made, len(want), "%s: %s", state, made)
		for i := range want {
			require.Contains(t, made[i], want[i])
		}
	}
}
