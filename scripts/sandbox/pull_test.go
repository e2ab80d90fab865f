package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPublishedImagesArePulledWhereARegistryAnswers(t *testing.T) {
	calls := fakeDocker(t, `"image inspect"*) exit 1 ;;`)
	s := newSandbox(t)
	f, err := s.flavour(t.Context(), &docker{})
	require.NoError(t, err)
	require.Equal(t, publishedNode, f.node)
	made := calls()
	require.Contains(t, made, "docker manifest inspect registry.dagger.io/engine:v0.21.8")
	for _, image := range publishedImages {
		require.Contains(t, made, "docker pull --quiet "+image)
	}
	require.NotContains(t, made, "docker build")
}

func TestAPullThatFailsNamesTheImage(t *testing.T) {
	fakeDocker(t, `"image inspect"*) exit 1 ;;
"pull --quiet registry:3") echo "no space left on device" >&2; exit 1 ;;`)
	_, err := newSandbox(t).flavour(t.Context(), &docker{})
	require.EqualError(t, err, "pull registry:3: docker pull: no space left on device")
}

func TestImagesPulledBeforeServeWithoutANetwork(t *testing.T) {
	calls := fakeDocker(t, `"manifest inspect"*) exit 1 ;;`)
	f, err := newSandbox(t).flavour(t.Context(), &docker{})
	require.NoError(t, err)
	require.Equal(t, publishedEngine, f.engine)
	require.NotContains(t, calls(), "pull")
}

func TestAVolumeStaysAsLongAsWhatWroteIt(t *testing.T) {
	c := container{name: "slipway-node", state: "now"}
	for state, want := range map[string][]string{
		"echo now":    {"volume inspect"},
		"echo before": {"volume inspect", "volume rm --force slipway-node", "volume create --label dev.slipway.state=now slipway-node"},
		"true":        {"volume inspect", "volume rm --force slipway-node", "volume create --label dev.slipway.state=now slipway-node"},
		"exit 1":      {"volume inspect", "volume create --label dev.slipway.state=now slipway-node"},
	} {
		calls := fakeDocker(t, `"volume inspect"*) `+state+` ;;`)
		require.NoError(t, (&docker{}).ensureVolume(t.Context(), c))
		made := strings.Split(calls(), "\n")
		require.Len(t, made, len(want), "%s: %s", state, made)
		for i := range want {
			require.Contains(t, made[i], want[i])
		}
	}
}
