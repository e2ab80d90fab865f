package pipeline

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/settings"
)

func TestAVersionThatFitsNoTagOrNoLabelIsRefusedInOneLineBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	for version, says := range map[string]string{
		"a b":                   "is not a valid image tag: use at most 128 letters, digits",
		"_x":                    "is not a valid label value: use at most 63 characters, the first and last a letter or digit",
		"x.":                    "is not a valid label value",
		strings.Repeat("a", 64): "is not a valid label value",
	} {
		err := Check(description.Application{}, settings.Options{Version: version}, fstest.MapFS{})
		require.ErrorContains(t, err, "--version: version ")
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
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

// checkOverlaysWith checks a run of such a source.
func checkOverlaysWith(beta, production string) error {
	app := description.Application{Name: "shop", Service: "web", Images: []description.Image{{Name: "shop", Build: description.Build{Context: ".", Dockerfile: "Dockerfile"}}}}
	return Check(app, settings.Options{Run: "r1", Version: "1", Until: "production",
		BuildNamespace: "shop-build", Namespace: "shop", BetaOverlay: "beta", ProductionOverlay: "production"}, overlaysWith(beta, production))
}

func TestAServiceThatNoPodCanMatchIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	const web = "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, " +
		"template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: shop}]}}}}\n"
	service := func(name, app string) string {
		return "---\n{apiVersion: v1, kind: Service, metadata: {name: " + name + "}, spec: {selector: {app: " + app + "}}}\n"
	}
	good := web + service("web", "web")
	require.NoError(t, checkOverlaysWith(good, good))
	require.NoError(t, checkOverlaysWith(good, good+service("other", "other")), "production may hold pods of another")
	for flag, err := range map[string]error{
		"--beta-overlay: Service shop-build/other-r1":    checkOverlaysWith(good+service("other", "other"), good),
		"--production-overlay: Service shop/web: no pod": checkOverlaysWith(good, web+service("web", "shop")),
	} {
		require.ErrorContains(t, err, flag)
		require.ErrorContains(t, err, "Deployment web")
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	}
}

func TestAHookThatADeployHasNoPlaceForIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	hooked := func(hook string) string {
		return "---\n{apiVersion: batch/v1, kind: Job, metadata: {name: migrate, annotations: {helm.sh/hook: \"" + hook + "\"}}, spec: {template: {spec: {restartPolicy: Never, " +
			"containers: [{name: migrate, image: shop}]}}}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: web}}\n"
	}
	both := hooked("pre-install,pre-upgrade")
	require.NoError(t, checkOverlaysWith(both, both))
	for object, err := range map[string]error{
		"Job shop-build/migrate-r1": checkOverlaysWith(hooked("pre-install"), both),
		"Job shop/migrate":          checkOverlaysWith(both, hooked("pre-install")),
	} {
		require.ErrorContains(t, err, object+`: annotation helm.sh/hook: "pre-install" means nothing in a deploy of Slipway`)
		require.ErrorContains(t, err, `; write "pre-install,pre-upgrade"`)
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	}
}

func TestARunThatDoesNotDeployNeedsNoKeyOfProduction(t *testing.T) {
	t.Parallel()
	const worker = "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, " +
		"template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: shop}]}}}}\n" +
		"---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}}}\n"
	tree := overlaysWith(worker, worker)
	seal := func(overlay string) {
		tree[overlay+"/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: [all.yaml, secret.yaml]\n")}
		tree[overlay+"/secret.yaml"] = &fstest.MapFile{Data: []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n" +
			"stringData: {a: 'ENC[AES256_GCM,data:a]'}\nsops:\n  mac: ENC[AES256_GCM,data:b]\n")}
	}
	check := func(until string) error {
		app := description.Application{Name: "shop", Service: "web", Images: []description.Image{{Name: "shop", Build: description.Build{Context: ".", Dockerfile: "Dockerfile"}}}}
		return Check(app, settings.Options{Run: "r1", Version: "1", Until: until,
			BuildNamespace: "shop-build", Namespace: "shop", BetaOverlay: "beta", ProductionOverlay: "production"}, tree)
	}
	seal("production")
	require.NoError(t, check("release"))
	err := check("deploy")
	require.ErrorContains(t, err, "--production-overlay: render production: secret.yaml is encrypted by SOPS")
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	seal("beta")
	require.NoError(t, check("build"))
	require.ErrorContains(t, check("functional"), "--beta-overlay: render beta: secret.yaml is encrypted by SOPS")
}

func TestImagesAndServicesThatCannotBeAreRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	const web = "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, " +
		"template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: shop}]}}}}\n" +
		"---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}\n"
	build := description.Build{Context: ".", Dockerfile: "Dockerfile"}
	for want, change := range map[string]func(*description.Application){
		"":                               func(*description.Application) {},
		"services: it has no Service db": func(a *description.Application) { a.Services = []description.Service{{Name: "db"}} },
		"services: the Service web has no port 99": func(a *description.Application) {
			a.Services = []description.Service{{Name: "web", Port: 99}}
		},
		"the Service web has no port 81": func(a *description.Application) { a.Port = 81 },
		"images: shop and acme/web would both be pushed to registry.example/shop: give one of them a repository of its own": func(a *description.Application) {
			a.Images = append(a.Images, description.Image{Name: "acme/web", Repository: "registry.example/shop", Build: build})
		},
	} {
		app := description.Application{Name: "shop", Images: []description.Image{{Name: "shop", Build: build}}}
		change(&app)
		err := Check(app, settings.Options{Run: "r1", Version: "1", Until: "production", Image: "registry.example/shop",
			BuildNamespace: "shop-build", Namespace: "shop", BetaOverlay: "beta", ProductionOverlay: "production"}, overlaysWith(web, web))
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
		require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	}
}
