package flavour

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/sandboxtest"
)

func TestPublishedImagesArePulledWhereARegistryAnswers(t *testing.T) {
	calls := sandboxtest.Docker(t, `"image inspect"*) exit 1 ;;`)
	f, err := Choose(t.Context(), &docker.Docker{}, newBuild(t))
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
	sandboxtest.Docker(t, `"image inspect"*) exit 1 ;;
"pull --quiet registry:3") echo "no space left on device" >&2; exit 1 ;;`)
	_, err := Choose(t.Context(), &docker.Docker{}, newBuild(t))
	require.EqualError(t, err, "pull registry:3: docker pull: no space left on device")
}

func TestImagesPulledBeforeServeWithoutANetwork(t *testing.T) {
	calls := sandboxtest.Docker(t, `"manifest inspect"*) exit 1 ;;`)
	f, err := Choose(t.Context(), &docker.Docker{}, newBuild(t))
	require.NoError(t, err)
	require.Equal(t, publishedEngine, f.engine)
	require.NotContains(t, calls(), "pull")
}
