package manifest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// overlayOf is the beta overlay with another kustomization.
func overlayOf(kustomization string) map[string]string {
	return map[string]string{
		beta + "/kustomization.yaml": kustomization,
		beta + "/again.yaml":         application["kustomize/base/policies.yaml"],
	}
}

func TestTreesThatDoNotRenderAreErrorsOfOneLine(t *testing.T) {
	t.Parallel()
	api := func(content string) map[string]string { return map[string]string{"kustomize/base/api.yaml": content} }
	const absent = "- patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: absent}}'\n"
	for name, test := range map[string]struct {
		files map[string]string
		cause string
	}{
		"the kustomization is no YAML":           {overlayOf("resources: [\n"), "invalid Kustomization: yaml: line 1: did not find expected node content"},
		"the kustomization has an unknown field": {overlayOf("resource: []\n"), `invalid Kustomization: json: unknown field "resource"`},
		"the kustomization is empty":             {overlayOf("\n"), "kustomization.yaml is empty"},
		"a base is missing":                      {overlayOf("resources: [../../bass]\n"), "../../bass: 'kustomize/bass' doesn't exist"},
		"a patch has no target": {overlayOf("resources: [../../base]\npatches:\n" + absent), `no resource matches strategic merge patch ` +
			`"Deployment.v1.apps/absent": no matches for Id Deployment.v1.apps/absent; failed to find unique target for patch Deployment.v1.apps/absent`},
		"an object is there twice": {overlayOf("resources: [../../base, again.yaml]\n"),
			"again.yaml: may not add resource with an already registered id: NetworkPolicy.v1.networking.k8s.io/deny"},
		"a manifest is missing": {map[string]string{"kustomize/base/kustomization.yaml": "resources: [apis.yaml]\n"},
			"kustomize/base: apis.yaml: 'kustomize/base/apis.yaml' doesn't exist"},
		"a manifest is no YAML":        {api("kind: [\n"), "kustomize/base: api.yaml: yaml: line 1: did not find expected node content in File: api.yaml"},
		"a manifest has no kind":       {api("metadata: {name: a}\n"), "kustomize/base: api.yaml: missing kind in object {{ } {{a } map[] map[]}}"},
		"a manifest has no name":       {api("{kind: Service, apiVersion: v1}\n"), "kustomize/base: api.yaml: missing metadata.name in object {{v1 Service} {{ } map[] map[]}}"},
		"a manifest has no apiVersion": {api("{kind: Service, metadata: {name: a}}\n"), "Service a: want apiVersion and metadata.name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := manifest.Render(treeWith(test.files), beta, manifest.Layer{})
			require.EqualError(t, err, "render kustomize/overlays/beta: "+test.cause)
		})
	}
}

func TestFoldersThatAreNoOverlayAreErrors(t *testing.T) {
	t.Parallel()
	for overlay, cause := range map[string]string{
		"kustomize/overlays/gamma": "the overlay's folder does not exist",
		"kustomize/overlays":       "the overlay's folder has no kustomization.yaml",
		"kustomize/base/api.yaml":  "the overlay's folder is a file",
		"../kustomize":             "the overlay's folder must be a path below the source: no leading slash, no parent folder",
		"/kustomize":               "the overlay's folder must be a path below the source: no leading slash, no parent folder",
	} {
		_, err := manifest.Render(treeWith(nil), overlay, manifest.Layer{})
		require.EqualError(t, err, "render "+overlay+": "+cause)
	}
}

func TestLayersThatCannotBeAreErrorsOfOneLine(t *testing.T) {
	t.Parallel()
	const perRun = "kustomize/components/per-run"
	for name, test := range map[string]struct {
		change func(*manifest.Layer)
		cause  string
	}{
		"a component is missing":         {func(l *manifest.Layer) { l.Components = []string{"absent"} }, "component absent does not exist"},
		"a component is a kustomization": {func(l *manifest.Layer) { l.Components = []string{"kustomize/base"} }, "expected kind 'Component' for path 'kustomize/base' but got 'Kustomization'"},
		"a component misses a value": {func(l *manifest.Layer) { delete(l.Values, "path") },
			perRun + ": fieldPath `data.path` is missing for replacement source ConfigMap/slipway-run"},
		"a component has no values": {func(l *manifest.Layer) { l.Values = nil }, perRun + ": nothing selected by ConfigMap/slipway-run:data.path"},
		"an image is not used":      {func(l *manifest.Layer) { l.Images[0].Name = "shop" }, `no container uses the image "shop", only go-demo, postgres:18: say in images which is built, or write "shop" for it`},
		"an image has no name":      {func(l *manifest.Layer) { l.Images[0].Name = "" }, `image "": want the image name in the overlay, without tag`},
		"a digest is none":          {func(l *manifest.Layer) { l.Images[0].Digest = "1.0" }, `image go-demo: digest "1.0": want sha256: and 64 hexadecimal digits`},
		"a repository has a tag":    {func(l *manifest.Layer) { l.Images[0].Repository = "r/a:1" }, `image go-demo: repository "r/a:1": want HOST/PATH, without tag or digest`},
		"a namespace is none":       {func(l *manifest.Layer) { l.Namespace = "Shop" }, `namespace "Shop": want lower case letters, digits and dashes, at most 63`},
		"a suffix is none":          {func(l *manifest.Layer) { l.NameSuffix = "-A" }, `name suffix "-A": want lower case letters, digits and dashes, at most 62`},
		"a label is none":           {func(l *manifest.Layer) { l.Labels["v"] = "1 0" }, `label v="1 0": not a label (letters, digits, '-', '_', '.', at most 63)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			layer := betaLayer()
			test.change(&layer)
			_, err := manifest.Render(treeWith(nil), beta, layer)
			require.EqualError(t, err, "render kustomize/overlays/beta: "+test.cause)
		})
	}
}
