package manifest_test

import (
	"maps"
	"os"
	"testing"

	"github.com/slipway-cd/slipway/ci/goldentest"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// TestTheRepositorysOverlaysRenderAsReviewed shows in review what a change of kustomize/ does to the objects of the cluster:
// go test ./ci/manifest -update.
func TestTheRepositorysOverlaysRenderAsReviewed(t *testing.T) {
	t.Parallel()
	images := []manifest.Image{{Name: "go-demo", Repository: "registry.example.com/go-demo", Digest: digest}}
	labels := map[string]string{"app.kubernetes.io/name": "go-demo", "app.kubernetes.io/managed-by": "slipway"}
	ofRun := map[string]string{"app.kubernetes.io/version": "1.2.3", "slipway.dev/run": "42"}
	maps.Copy(ofRun, labels)
	values := map[string]string{"run": "42", "path": "/beta/42", "version": "1.2.3", "namespace": "go-demo", "buildNamespace": "go-demo-build"}
	for name, test := range map[string]struct {
		overlay string
		layer   manifest.Layer
	}{
		"beta": {"kustomize/overlays/beta", manifest.Layer{
			Namespace: "go-demo-build", NameSuffix: "-42", Labels: ofRun, SelectorLabels: map[string]string{"slipway.dev/run": "42"},
			Images: images, Components: []string{"kustomize/components/per-run"}, Values: values,
		}},
		"production":           {"kustomize/overlays/production", manifest.Layer{Namespace: "go-demo", Labels: ofRun, Images: images}},
		"namespace-build":      {"kustomize/namespaces/build", manifest.Layer{Namespace: "go-demo-build", Labels: labels}},
		"namespace-production": {"kustomize/namespaces/production", manifest.Layer{Namespace: "go-demo", Labels: labels}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, err := manifest.Render(os.DirFS("../.."), test.overlay, test.layer)
			require.NoError(t, err)
			text, err := manifest.YAML(objects)
			require.NoError(t, err)
			goldentest.Require(t, name+".yaml", string(text))
		})
	}
}
