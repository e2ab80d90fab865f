package manifest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/manifest"
)

const production = "deploy/production"

// deployed is a repository that keeps what it had, in kustomize, apart from its overlay.
var deployed = map[string]string{
	"deploy/production/kustomization.yaml": `
resources: [../../kustomize]
components: [../../shared/quiet]
patches: [{path: replicas.yaml}]
configMapGenerator: [{name: settings, files: [settings/app.conf], envs: [settings/app.env]}]
`,
	"deploy/production/replicas.yaml":     "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}\n",
	"deploy/production/settings/app.conf": "verbose\n",
	"deploy/production/settings/app.env":  "LEVEL=info\n",
	"shared/quiet/kustomization.yaml":     "{apiVersion: kustomize.config.k8s.io/v1alpha1, kind: Component, commonAnnotations: {quiet: 'yes'}}\n",
	"kustomize/kustomization.yaml":        "resources: [web.yaml]\n",
	"kustomize/web.yaml":                  "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{name: web, image: web}]}}}}\n",
	"node_modules/huge/index.js":          "never read\n",
	".git/config":                         "[http] extraheader = a token\n",
}

// folderWith is the repository in a folder, with other files in the place of its own.
func folderWith(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "repository")
	for _, set := range []map[string]string{deployed, files} {
		for name, content := range set {
			name = filepath.Join(folder, name)
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
			require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
		}
	}
	return folder
}

// counted notes the files that are opened.
type counted struct {
	fs.FS
	opened map[string]bool
}

func (c counted) Open(name string) (fs.File, error) {
	c.opened[name] = true
	return c.FS.Open(name)
}

func (c counted) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(c.FS, name) }
func (c counted) ReadLink(name string) (string, error)   { return fs.ReadLink(c.FS, name) }

func TestAnOverlayRefersToAnyFolderOfTheSourceAndNoOtherIsRead(t *testing.T) {
	t.Parallel()
	tree := counted{os.DirFS(folderWith(t, nil)), map[string]bool{}}
	objects, err := manifest.Render(tree, production, manifest.Layer{Namespace: "shop"})
	require.NoError(t, err)
	require.Equal(t, "3", at(t, objects, "Deployment", "web", "spec|replicas"))
	require.JSONEq(t, `{"quiet":"yes"}`, at(t, objects, "Deployment", "web", "metadata|annotations"))
	require.JSONEq(t, `{"app.conf":"verbose\n","LEVEL":"info"}`, at(t, objects, "ConfigMap", "settings", "data"))
	for name := range tree.opened {
		require.Contains(t, deployed, name, "a folder is not listed")
		require.False(t, strings.HasPrefix(name, "node_modules") || strings.HasPrefix(name, ".git"), name)
	}
}

func TestSymbolicLinksAreFollowedWithinTheSource(t *testing.T) {
	t.Parallel()
	folder := folderWith(t, map[string]string{
		"deploy/production/kustomization.yaml": "resources: [base]\n",
		"kustomize/kustomization.yaml":         "resources: [web.yaml, ../shared/more]\n",
		"shared/more/kustomization.yaml":       "configMapGenerator: [{name: more, files: [linked.conf]}]\n",
		"shared/more/real.conf":                "linked\n",
	})
	require.NoError(t, os.Symlink("../../kustomize", filepath.Join(folder, production, "base")))
	require.NoError(t, os.Symlink("real.conf", filepath.Join(folder, "shared/more/linked.conf")))
	require.NoError(t, os.Symlink("deploy/production", filepath.Join(folder, "live")))
	objects, err := manifest.Render(os.DirFS(folder), "live", manifest.Layer{})
	require.NoError(t, err)
	require.JSONEq(t, `{"linked.conf":"linked\n"}`, at(t, objects, "ConfigMap", "more", "data"))
}

func TestNothingOutsideOfTheSourceIsRead(t *testing.T) {
	t.Parallel()
	const outside = " lies outside of the source, of which alone an overlay may use files"
	generates := func(name string) string { return "configMapGenerator: [{name: a, files: [" + name + "]}]\n" }
	for name, test := range map[string]struct {
		kustomization string
		link          map[string]string
		cause         string
	}{
		"a folder beside it":          {"resources: [../../../other]\n", nil, outside},
		"a file beside it":            {generates("../../../secret.txt"), nil, outside},
		"a file by its full name":     {generates("/etc/hostname"), nil, outside},
		"a link to a full name":       {generates("linked"), map[string]string{"deploy/production/linked": "/etc/hostname"}, outside},
		"a link to what is beside it": {generates("linked"), map[string]string{"deploy/production/linked": "../../../secret.txt"}, outside},
		"a link to a folder":          {"resources: [linked]\n", map[string]string{"deploy/production/linked": "../../../other"}, outside},
		"a link's link":               {"resources: [../../a]\n", map[string]string{"a": "b", "b": "deploy/../../other"}, outside},
		"a circle of links":           {generates("linked"), map[string]string{"deploy/production/linked": "linked"}, " leads through too many symbolic links"},
		"git's own folder":            {"resources: [../../.git]\n", nil, "'.git' doesn't exist"},
		"a link to git's own folder":  {generates("linked"), map[string]string{"deploy/production/linked": "../../.git/config"}, "doesn't exist"},
		"a link to another folder's":  {generates("linked"), map[string]string{"deploy/production/linked": "../../kustomize/web.yaml"}, "is not in or below 'deploy/production': a kustomization loads files from its own folder alone"},
		"the layer":                   {"resources: [../../../layer/values.yaml]\n", nil, "is not in or below"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := folderWith(t, map[string]string{
				"deploy/production/kustomization.yaml": test.kustomization,
				"../other/kustomization.yaml":          "namePrefix: other-\n",
				"../secret.txt":                        "secret\n",
			})
			for name, target := range test.link {
				require.NoError(t, os.Symlink(target, filepath.Join(folder, name)))
			}
			_, err := manifest.Render(os.DirFS(folder), production, manifest.Layer{Values: map[string]string{"run": "42"}})
			require.ErrorContains(t, err, "render deploy/production: ")
			require.ErrorContains(t, err, test.cause)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}
