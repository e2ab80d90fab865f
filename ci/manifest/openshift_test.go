package manifest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// TestTheComponentForOpenShiftFitsBothOverlays: a Route in place of the Ingress, and no user
// or group that the namespace's range has not.
func TestTheComponentForOpenShiftFitsBothOverlays(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(folder, "kustomize"), os.DirFS("../../kustomize")))
	for _, overlay := range []string{"beta", "production"} {
		file, err := os.OpenFile(filepath.Join(folder, "kustomize", "overlays", overlay, "kustomization.yaml"), os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = file.WriteString("components:\n- ../../components/openshift\n")
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
	values := map[string]string{"run": "42", "path": "/beta/42", "version": "1.2.3", "namespace": "go-demo", "buildNamespace": "go-demo-build"}
	for overlay, layer := range map[string]manifest.Layer{
		"beta":       {Namespace: "go-demo-build", NameSuffix: "-42", Components: []string{"kustomize/components/per-run"}, Values: values},
		"production": {Namespace: "go-demo"},
	} {
		objects, err := manifest.Render(os.DirFS(folder), "kustomize/overlays/"+overlay, layer)
		require.NoError(t, err)
		kinds := map[string]*unstructured.Unstructured{}
		for _, object := range objects {
			kinds[object.GetKind()] = object
		}
		require.NotContains(t, kinds, "Ingress")
		require.Contains(t, kinds, "Route")
		service, _, _ := unstructured.NestedString(kinds["Route"].Object, "spec", "to", "name")
		require.Equal(t, "api"+layer.NameSuffix, service)
		for _, set := range manifest.Typed[appsv1.StatefulSet](objects, appsv1.SchemeGroupVersion.WithKind("StatefulSet")) {
			security := set.Spec.Template.Spec.SecurityContext
			require.True(t, *security.RunAsNonRoot)
			require.Nil(t, security.RunAsUser)
			require.Nil(t, security.RunAsGroup)
			require.Nil(t, security.FSGroup)
		}
	}
}
