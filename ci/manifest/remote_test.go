package manifest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// TestNoProgramIsRunForAnOverlay puts programs that leave a trace where kustomize would find its own.
func TestNoProgramIsRunForAnOverlay(t *testing.T) {
	programs := t.TempDir()
	for _, name := range []string{"git", "helm", "docker"} {
		require.NoError(t, os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n: >"+programs+"/run\n"), 0o755))
	}
	t.Setenv("PATH", programs)
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = true; http.NotFound(w, r) }))
	defer server.Close()
	const (
		copied  = ": is not in the repository, and nothing else is rendered, so that a commit always means the same: copy the file, or the repository by `git subtree add`, and list the copy"
		chart   = "a Helm chart: no program is run for an overlay: write what `helm template` prints into a file and list that in resources"
		plugin  = " is a plugin, and no program is run for an overlay: write what it makes into a file and list that in resources"
		noKSOPS = "no program is run for an overlay, and none needed: list the files that SOPS encrypted in resources or in a secretGenerator"
	)
	for kustomization, cause := range map[string]string{
		"resources: ['" + server.URL + "/team/bases/web.yaml']\n": server.URL + "/team/bases/web.yaml" + copied,
		"resources: ['github.com/team/bases//web?ref=v1']\n":      "github.com/team/bases//web?ref=v1" + copied,
		"bases: ['git@example.com:team/bases']\n":                 "git@example.com:team/bases" + copied,
		"components: ['ssh://git@example.com/team/bases']\n":      "ssh://git@example.com/team/bases" + copied,
		"generators: ['git::https://example.com/team/bases']\n":   "git::https://example.com/team/bases" + copied,
		"helmCharts: [{name: web, repo: " + server.URL + "}]\n":   chart,
		"helmChartInflationGenerator: [{chartName: web}]\n":       chart,
		"generators: [chart.yaml]\n":                              chart,
		"generators: [ksops.yaml]\n":                              noKSOPS,
		"transformers: [exec.yaml]\n":                             "Web" + plugin,
		"transformers: [container.yaml]\n":                        "Web" + plugin,
	} {
		files := overlayOf(kustomization)
		files[beta+"/chart.yaml"] = "{apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: web}, name: web}\n"
		files[beta+"/ksops.yaml"] = "{apiVersion: viaduct.ai/v1, kind: ksops, metadata: {name: web}, files: [secrets.enc.yaml]}\n"
		files[beta+"/exec.yaml"] = "{apiVersion: v1, kind: Web, metadata: {name: web, annotations: {config.kubernetes.io/function: 'exec: {path: ./git}'}}}\n"
		files[beta+"/container.yaml"] = "{apiVersion: v1, kind: Web, metadata: {name: web, annotations: {config.kubernetes.io/function: 'container: {image: web}'}}}\n"
		_, err := manifest.Render(treeWith(files), beta, manifest.Layer{})
		require.EqualError(t, err, "render kustomize/overlays/beta: "+cause)
	}
	_, err := manifest.Render(treeWith(map[string]string{"kustomize/base/kustomization.yaml": "resources: ['https://example.com/web.yaml']\n"}), beta, manifest.Layer{})
	require.EqualError(t, err, "render kustomize/overlays/beta: kustomize/base: https://example.com/web.yaml"+copied)
	require.NoFileExists(t, filepath.Join(programs, "run"))
	require.False(t, asked)
}
