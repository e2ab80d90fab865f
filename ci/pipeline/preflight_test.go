package pipeline

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
)

func TestAVersionThatFitsNoTagOrNoLabelIsRefusedInOneLineBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	for version, says := range map[string]string{
		"a b":                   "is not a valid image tag: use at most 128 letters, digits",
		"_x":                    "is not a valid label value: use at most 63 characters, the first and last a letter or digit",
		"x.":                    "is not a valid label value",
		strings.Repeat("a", 64): "is not a valid label value",
	} {
		err := Check(description.Application{}, Options{Version: version}, fstest.MapFS{})
		require.ErrorContains(t, err, "--version: version ")
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, ExitUsage, ExitCode(t.Context(), err))
	}
}

// overlaysWith is a source whose overlays hold the documents beside an Ingress.
func overlaysWith(beta, production string) fstest.MapFS {
	const ingress = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, " +
		"backend: {service: {name: web, port: {number: 80}}}}]}}]}}\n"
	tree := fstest.MapFS{"Dockerfile": {}}
	for folder, documents := range map[string]string{"beta": beta, "production": production} {
		tree[folder+"/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: [all.yaml]\n")}
		tree[folder+"/all.yaml"] = &fstest.MapFile{Data: []byte(ingress + documents)}
	}
	return tree
}

func TestAServiceThatNoPodCanMatchIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	const web = "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, " +
		"template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: shop}]}}}}\n"
	service := func(name, app string) string {
		return "---\n{apiVersion: v1, kind: Service, metadata: {name: " + name + "}, spec: {selector: {app: " + app + "}}}\n"
	}
	good := web + service("web", "web")
	app := description.Application{Name: "shop", Service: "web", Images: []description.Image{{Name: "shop", Build: description.Build{Context: ".", Dockerfile: "Dockerfile"}}}}
	check := func(beta, production string) error {
		return Check(app, Options{Run: "r1", Version: "1", Until: "production",
			BuildNamespace: "shop-build", Namespace: "shop", BetaOverlay: "beta", ProductionOverlay: "production"}, overlaysWith(beta, production))
	}
	require.NoError(t, check(good, good))
	require.NoError(t, check(good, good+service("other", "other")), "production may hold pods of another")
	for flag, err := range map[string]error{
		"--beta-overlay: Service shop-build/other-r1":    check(good+service("other", "other"), good),
		"--production-overlay: Service shop/web: no pod": check(good, web+service("web", "shop")),
	} {
		require.ErrorContains(t, err, flag)
		require.ErrorContains(t, err, "Deployment web")
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, ExitUsage, ExitCode(t.Context(), err))
	}
}
