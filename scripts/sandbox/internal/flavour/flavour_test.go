package flavour

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/build"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/progress"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/sandboxtest"
)

// described is what docker is told about each container, with what changes from
// one edit to the next written as words.
func described(f *Flavour) string {
	var out strings.Builder
	for _, c := range f.Containers() {
		args := strings.Join(c.CreateArgs(docker.Owner{Holder: "/home/me/clone", User: "me"}), " ")
		fmt.Fprintf(&out, "docker %s\n", strings.ReplaceAll(args, c.Key(), "KEY"))
		fmt.Fprintf(&out, "volume state: %s\n", c.State)
		for _, path := range slices.Sorted(maps.Keys(c.Files)) {
			fmt.Fprintf(&out, "--- %s\n%s", path, c.Files[path])
		}
		out.WriteString("\n")
	}
	return out.String()
}

func TestBuiltImagesRunAsTheseContainers(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	b.Plan.Images = map[string]string{"engine": "KEY", "node": "KEY", "registry": "KEY"}
	f, err := Built(b)
	require.NoError(t, err)
	pki, err := readImages(b.Images, "node/pki.sh")
	require.NoError(t, err)
	f.nodeState = strings.ReplaceAll(f.nodeState, plan.Short(pki), "PKI")
	sandboxtest.Golden(t, "built.golden", described(f))
}

func TestPublishedImagesRunAsTheseContainers(t *testing.T) {
	t.Parallel()
	f, err := Published("../../images")
	require.NoError(t, err)
	sandboxtest.Golden(t, "published.golden", described(f))
}

// newBuild is one whose cache is empty.
func newBuild(t *testing.T) *build.Build {
	t.Helper()
	b, err := build.New(t.TempDir(), "../../images", []string{"engine", "node", "registry"}, progress.New(io.Discard))
	require.NoError(t, err)
	return b
}
