package manifest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/manifest"
)

const beta = "kustomize/overlays/beta"

// betaLayer is what the pipeline adds for a run.
func betaLayer() manifest.Layer {
	return manifest.Layer{
		Namespace:      "go-demo-build",
		NameSuffix:     "-42",
		Labels:         map[string]string{"app.kubernetes.io/version": "1.10"},
		SelectorLabels: map[string]string{"slipway.dev/run": "42"},
		Images:         []manifest.Image{{Name: "go-demo", Repository: "registry.local:5000/go-demo", Digest: digest}},
		Components:     []string{"kustomize/components/per-run", "kustomize/components/run-name"},
		Values:         map[string]string{"path": "/beta/42", "run": "42"},
	}
}

func renderBeta(t *testing.T, change func(*manifest.Layer)) []*unstructured.Unstructured {
	t.Helper()
	layer := betaLayer()
	if change != nil {
		change(&layer)
	}
	objects, err := manifest.Render(treeWith(nil), beta, layer)
	require.NoError(t, err)
	return objects
}

// at returns a field of the object of that kind whose name starts with name, as JSON. Parts of path are keys or "0", "1".
func at(t *testing.T, objects []*unstructured.Unstructured, kind, name, path string) string {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() != kind || !strings.HasPrefix(object.GetName(), name) {
			continue
		}
		var value any = object.Object
		for part := range strings.SplitSeq(path, "|") {
			if list, ok := value.([]any); ok {
				value = list[part[0]-'0']
				continue
			}
			value = value.(map[string]any)[part]
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		return string(text)
	}
	require.Failf(t, "no object", "%s %s", kind, name)
	return ""
}

func TestEveryObjectHasAnAPIVersionAKindANameAndTheNamespace(t *testing.T) {
	t.Parallel()
	objects := renderBeta(t, nil)
	require.Len(t, objects, 9)
	for _, object := range objects {
		require.NotEmpty(t, object.GetAPIVersion())
		require.NotEmpty(t, object.GetKind())
		require.Contains(t, object.GetName(), "-42")
		require.Equal(t, "go-demo-build", object.GetNamespace())
		require.Equal(t, "1.10", object.GetLabels()["app.kubernetes.io/version"])
		require.Equal(t, "42", object.GetLabels()["slipway.dev/run"])
		require.NotPanics(t, func() { object.DeepCopy() }, "numbers must be those of JSON")
	}
}

func TestAnEmptyLayerRendersTheOverlayAlone(t *testing.T) {
	t.Parallel()
	objects, err := manifest.Render(treeWith(nil), "./kustomize/overlays/beta/", manifest.Layer{})
	require.NoError(t, err)
	require.Equal(t, `"go-demo"`, at(t, objects, "Deployment", "api", "spec|template|spec|containers|0|image"))
	require.Equal(t, `"api"`, at(t, objects, "Deployment", "api", "metadata|name"))
}

func TestNamesInOtherObjectsFollowTheSuffix(t *testing.T) {
	t.Parallel()
	objects := renderBeta(t, nil)
	require.Contains(t, at(t, objects, "Deployment", "api", "spec|template|spec|containers|0|env"), `{"name":"DATABASE_HOST","value":"postgres-42"}`)
	require.Equal(t, `"postgres-42"`, at(t, objects, "StatefulSet", "postgres", "spec|serviceName"))
	require.Equal(t, `"api-42"`, at(t, objects, "Ingress", "api", "spec|rules|0|http|paths|0|backend|service|name"))
	secret := at(t, objects, "Secret", "postgres", "metadata|name")
	require.Equal(t, secret, at(t, objects, "Deployment", "api", "spec|template|spec|volumes|0|secret|secretName"))
}

func TestMetadataLabelsStayOutOfTemplatesAndSelectors(t *testing.T) {
	t.Parallel()
	objects := renderBeta(t, func(l *manifest.Layer) { l.SelectorLabels = nil })
	require.JSONEq(t, `{"app":"api"}`, at(t, objects, "Deployment", "api", "spec|template|metadata|labels"))
	require.JSONEq(t, `{"app":"api"}`, at(t, objects, "Deployment", "api", "spec|selector|matchLabels"))
	require.JSONEq(t, `{"app":"api"}`, at(t, objects, "Service", "api", "spec|selector"))
	// A StatefulSet's claim templates cannot be changed once it exists.
	require.JSONEq(t, `{"app":"postgres"}`, at(t, objects, "StatefulSet", "postgres", "spec|volumeClaimTemplates|0|metadata|labels"))
}

func TestALabelThatTheOverlaySelectsByStaysAsItSaysInSelectorsAndTemplates(t *testing.T) {
	t.Parallel()
	for _, theirs := range []string{
		"commonLabels: {app.kubernetes.io/name: other}\n",
		"labels: [{pairs: {app.kubernetes.io/name: other}, includeSelectors: true}]\n",
		"labels: [{pairs: {app.kubernetes.io/name: other}, includeTemplates: true}]\n",
	} {
		overlay := map[string]string{beta + "/kustomization.yaml": "resources: [../../base]\n" + theirs}
		alone, err := manifest.Render(treeWith(overlay), beta, manifest.Layer{})
		require.NoError(t, err)
		objects, err := manifest.Render(treeWith(overlay), beta, manifest.Layer{Labels: map[string]string{"app.kubernetes.io/name": "shop", "new": "1"}})
		require.NoError(t, err)
		require.Len(t, objects, len(alone))
		for i, object := range objects {
			require.Equal(t, "shop", object.GetLabels()["app.kubernetes.io/name"])
			require.Equal(t, "1", object.GetLabels()["new"])
			require.Equal(t, alone[i].Object["spec"], object.Object["spec"], object.GetKind()+" "+object.GetName())
		}
		require.Contains(t, at(t, objects, "Deployment", "api", "spec|template|metadata|labels"), `"app.kubernetes.io/name":"other"`)
	}
}

func TestSelectorLabelsReachTemplatesAndSelectors(t *testing.T) {
	t.Parallel()
	objects := renderBeta(t, nil)
	api, database := `{"app":"api","slipway.dev/run":"42"}`, `{"app":"postgres","slipway.dev/run":"42"}`
	require.JSONEq(t, api, at(t, objects, "Deployment", "api", "spec|template|metadata|labels"))
	require.JSONEq(t, api, at(t, objects, "Deployment", "api", "spec|selector|matchLabels"))
	require.JSONEq(t, api, at(t, objects, "Service", "api", "spec|selector"))
	require.JSONEq(t, api, at(t, objects, "PodDisruptionBudget", "api", "spec|selector|matchLabels"))
	require.JSONEq(t, database, at(t, objects, "StatefulSet", "postgres", "spec|template|metadata|labels"))
	require.JSONEq(t, database, at(t, objects, "NetworkPolicy", "postgres", "spec|podSelector|matchLabels"))
	require.JSONEq(t, api, at(t, objects, "NetworkPolicy", "postgres", "spec|ingress|0|from|0|podSelector|matchLabels"))
}

func TestAnEmptySelectorOfAPolicyIsConfinedToTheRun(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, `{"slipway.dev/run":"42"}`, at(t, renderBeta(t, nil), "NetworkPolicy", "deny", "spec|podSelector|matchLabels"))
}

func TestPolicyPeersInOtherNamespacesKeepTheirSelector(t *testing.T) {
	t.Parallel()
	objects := renderBeta(t, nil)
	require.JSONEq(t, `{"k8s-app":"kube-dns"}`, at(t, objects, "NetworkPolicy", "postgres", "spec|egress|0|to|0|podSelector|matchLabels"))
}

func TestImagesAreSetByDigest(t *testing.T) {
	t.Parallel()
	objects := renderBeta(t, nil)
	require.Equal(t, `"registry.local:5000/go-demo@`+digest+`"`, at(t, objects, "Deployment", "api", "spec|template|spec|containers|0|image"))
	require.Equal(t, `"postgres:18"`, at(t, objects, "StatefulSet", "postgres", "spec|template|spec|containers|0|image"))
}

func TestComponentsReadTheValuesWhichNeverReachTheOutput(t *testing.T) {
	t.Parallel()
	objects := renderBeta(t, nil)
	environment := at(t, objects, "Deployment", "api", "spec|template|spec|containers|0|env")
	require.Contains(t, environment, `{"name":"BASE_PATH","value":"/beta/42"}`)
	require.Contains(t, environment, `{"name":"RUN","value":"42"}`, "a value that looks like a number stays a string")
	require.Equal(t, `"/beta/42"`, at(t, objects, "Ingress", "api", "spec|rules|0|http|paths|0|path"))
	text, err := manifest.YAML(objects)
	require.NoError(t, err)
	require.NotContains(t, string(text), "slipway-run")
}

func TestNamespaceObjectsAreRenamed(t *testing.T) {
	t.Parallel()
	objects, err := manifest.Render(treeWith(nil), "kustomize/namespaces", manifest.Layer{Namespace: "shop"})
	require.NoError(t, err)
	require.Equal(t, `"shop"`, at(t, objects, "Namespace", "", "metadata|name"))
	require.Equal(t, `"shop"`, at(t, objects, "ServiceAccount", "slipway", "metadata|namespace"))
	require.Equal(t, `"shop"`, at(t, objects, "RoleBinding", "slipway", "subjects|0|namespace"))
}

func TestYAMLIsOneDocumentForEachObject(t *testing.T) {
	t.Parallel()
	objects, err := manifest.Render(treeWith(nil), "kustomize/namespaces", manifest.Layer{})
	require.NoError(t, err)
	text, err := manifest.YAML(objects)
	require.NoError(t, err)
	require.Equal(t, len(objects), strings.Count("---\n"+string(text), "---\n"))
	require.True(t, strings.HasPrefix(string(text), "apiVersion: v1\nkind: Namespace\n"))
}
