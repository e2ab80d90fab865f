package manifest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// FuzzRender holds that whatever a run is called, it renders with exactly that name or is refused in one line.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{"42", "1e3", "0x1f", "true", "null", "~", "a-b", "-", "A", "a\nb", "'\"", "{}", "#", strings.Repeat("a", 64)} {
		f.Add(seed, "/beta/"+seed)
	}
	f.Fuzz(func(t *testing.T, run, path string) {
		layer := betaLayer()
		layer.NameSuffix = "-" + run
		layer.SelectorLabels = map[string]string{"slipway.dev/run": run}
		layer.Values = map[string]string{"run": run, "path": path}
		objects, err := manifest.Render(treeWith(nil), beta, layer)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		for _, object := range objects {
			require.Contains(t, object.GetName(), "-"+run)
			require.Equal(t, run, object.GetLabels()["slipway.dev/run"])
		}
	})
}
