package adopt

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/manifest"
)

const (
	service    = "---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}\n"
	ingress    = "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}\n"
	namespace  = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n"
	role       = "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reader}, rules: []}\n"
	restricted = "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, "
)

// deployment is one whose pods are of an image.
func deployment(name, image, more string) string {
	return "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: " + name + "}, spec: {selector: {matchLabels: {app: " + name + "}}, template: {metadata: {labels: {app: " + name + "}}, spec: {" + restricted +
		"containers: [{name: " + name + ", image: " + image + ", securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}, " + more + "}]}}}}\n"
}

const probe = "readinessProbe: {httpGet: {path: /ready, port: 80}}"

func files(named map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, content := range named {
		out[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return out
}

func planOf(t *testing.T, tree fs.FS, folder string) Plan {
	t.Helper()
	plan, err := Look(Repository{Tree: tree, Folder: folder, Name: "shop", Beta: "kustomize/overlays/beta", Production: "kustomize/overlays/production"})
	require.NoError(t, err)
	return plan
}

// written returns the description and the paths of the files.
func written(plan Plan) (text string, paths []string) {
	for _, file := range plan.Files {
		paths = append(paths, file.Path)
		if strings.HasSuffix(file.Path, description.File) {
			text = file.Content
		}
	}
	return text, paths
}

func TestPlainManifestsGetAKustomizationAndOverlays(t *testing.T) {
	t.Parallel()
	tree := files(map[string]string{
		"Dockerfile":              "FROM scratch\n",
		"k8s/broken.yaml":         "kind: [\n",
		"sub/.git":                "gitdir: ../.git/modules/sub\n",
		"sub/Dockerfile":          "FROM scratch\n",
		"k8s/web.yaml":            deployment("web", "shop:1.0", probe) + service + ingress,
		"k8s/chart/values.yaml":   "replicas: 3\n",
		"charts/t/web.yaml":       "kind: {{ .Values.kind }}\n",
		".github/workflows/a.yml": "on: push\n",
		"compose.yaml":            "services: {}\n",
	})
	plan := planOf(t, tree, ".")
	text, paths := written(plan)
	require.Equal(t, []string{"k8s/kustomization.yaml", "kustomize/overlays/beta/kustomization.yaml", "kustomize/overlays/production/kustomization.yaml", ".slipway.yaml"}, paths)
	require.Contains(t, plan.Decide, "k8s/broken.yaml cannot be read as YAML and is left out")
	require.Equal(t, "name: shop", strings.Split(strings.Split(text, "\n")[1], " #")[0])
	require.Equal(t, 3, len(strings.Split(text, "\n")), "nothing that is by convention: "+text)
	_, err := description.Parse([]byte(text))
	require.NoError(t, err)

	for _, file := range plan.Files {
		tree[file.Path] = &fstest.MapFile{Data: []byte(file.Content)}
	}
	objects, err := manifest.Render(tree, "kustomize/overlays/production", manifest.Layer{})
	require.NoError(t, err)
	require.Len(t, objects, 3)
	require.Empty(t, planOf(t, tree, ".").Files, "nothing is missing any more")
}

func TestKustomizationsOfTheRepositoryAreUsedByTheirNames(t *testing.T) {
	t.Parallel()
	plan := planOf(t, files(map[string]string{
		"Dockerfile":                                 "FROM scratch\n",
		"deploy/base/kustomization.yaml":             "resources: [all.yaml]\n",
		"deploy/base/all.yaml":                       deployment("web", "shop", probe) + service + ingress + namespace + role,
		"deploy/overlays/prod/kustomization.yaml":    "resources: [../../base]\n",
		"deploy/overlays/staging/kustomization.yaml": "resources: [../../base]\n",
		"deploy/components/x/kustomization.yaml":     "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
	}), ".")
	require.Contains(t, plan.Files[0].Content, "- ../../../deploy/overlays/staging\n")
	require.Contains(t, plan.Files[1].Content, "- ../../../deploy/overlays/prod\n")
	require.Contains(t, plan.Files[1].Content, "$patch: delete\n    apiVersion: v1\n    kind: Namespace\n", "bootstrap makes the namespaces")
	require.Contains(t, strings.Join(plan.Decide, "\n"), "Role reader: the pipeline may not write it")
}

func TestEachImageIsBuiltFromTheDockerfileThatMakesIt(t *testing.T) {
	t.Parallel()
	all := deployment("web", "ghcr.io/acme/shop-web:1", probe) + deployment("worker", "ghcr.io/acme/worker", "") + deployment("db", "postgres:17", "") + service + ingress
	plan := planOf(t, files(map[string]string{
		"services/web/Dockerfile": "FROM scratch AS test\n", "services/worker/Dockerfile": "FROM scratch\n", "services/cron/Dockerfile": "FROM scratch\n",
		"services/web/Dockerfile.dev": "FROM scratch\n", "node_modules/x/Dockerfile": "FROM scratch\n", "k8s/all.yaml": all,
	}), ".")
	text, _ := written(plan)
	app, err := description.Parse([]byte(text))
	require.NoError(t, err)
	require.Equal(t, []description.Image{
		{Name: "ghcr.io/acme/shop-web", Build: description.Build{Context: "services/web"}},
		{Name: "ghcr.io/acme/worker", Build: description.Build{Context: "services/worker"}},
	}, app.Images)
	decide := strings.Join(plan.Decide, "\n")
	require.Contains(t, decide, "services/cron/Dockerfile makes none of the images")
	require.Contains(t, decide, "services/web/Dockerfile has a stage test")
}

func TestWhatTheManifestsDoNotSayIsDescribed(t *testing.T) {
	t.Parallel()
	loose := "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: shop}]}}}}\n"
	db := "---\n{apiVersion: v1, kind: Service, metadata: {name: a-db}, spec: {selector: {app: db}, ports: [{port: 5432}]}}\n"
	plan := planOf(t, files(map[string]string{"app/Dockerfile": "FROM scratch\n", "app/k8s.yaml": loose + db + service}), "app")
	text, paths := written(plan)
	require.Equal(t, []string{"app/kustomization.yaml", "app/.slipway.yaml"}, paths, "an overlay may not lie below what it uses")
	require.Contains(t, text, "overlays: {beta: ., production: .}")
	app, err := description.Parse([]byte(text))
	require.NoError(t, err)
	require.Equal(t, "web", app.Service, "its pods are of the image that is built")
	require.Equal(t, "/", app.Health)
	require.Equal(t, "baseline", app.PodSecurity)
	require.Empty(t, app.Images)
	require.Contains(t, strings.Join(plan.Decide, "\n"), "level restricted: Deployment web (allowPrivilegeEscalation != false")

	worker := planOf(t, files(map[string]string{"Dockerfile": "", "k8s.yaml": deployment("worker", "shop", "")}), ".")
	require.Contains(t, strings.Join(worker.Assumed, "\n"), "it is a worker")
}

func TestARepositoryThatCannotBeShippedIsToldWhatItLacks(t *testing.T) {
	t.Parallel()
	for want, tree := range map[string]fs.FS{
		"it has no Dockerfile":                                   files(map[string]string{"k8s.yaml": deployment("web", "shop", "")}),
		"it has neither a kustomization nor manifests":           files(map[string]string{"Dockerfile": "", "k8s.yaml": service}),
		"render k8s: none.yaml: ":                                files(map[string]string{"Dockerfile": "", "k8s/kustomization.yaml": "resources: [none.yaml]\n"}),
		".slipway.yaml: line 1, column 1: name: want lower case": files(map[string]string{"Dockerfile": "", "k8s.yaml": deployment("web", "shop", ""), ".slipway.yaml": "name: A B\n"}),
	} {
		_, err := Look(Repository{Tree: tree, Folder: ".", Name: "shop", Beta: "beta", Production: "production"})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestTheServiceThatUsersMostLikelyReachIsTaken(t *testing.T) {
	t.Parallel()
	of := func(name, more string) string {
		return "---\n{apiVersion: v1, kind: Service, metadata: {name: " + name + ", namespace: boutique}, spec: {selector: {app: " + name + "}, ports: [{port: 80}]" + more + "}}\n"
	}
	all := deployment("ads", "acme/ads:1", "") + of("ads", "") + deployment("front", "acme/front:1", probe) + of("front", "") + deployment("cart", "acme/cart:1", "")
	tree := map[string]string{"src/ads/Dockerfile": "", "src/front/Dockerfile": "", "k8s.yaml": all}
	plan := planOf(t, files(tree), ".")
	text, _ := written(plan)
	require.Contains(t, text, "service: front ")
	decide := strings.Join(plan.Decide, "\n")
	require.Contains(t, decide, "no Ingress says which of ads, front is")
	require.Contains(t, decide, "nothing here builds the image acme/cart, which stays as the manifests have it")
	require.Contains(t, decide, "the manifests are for namespace boutique, and production is deployed to shop: give --namespace boutique")

	tree["k8s.yaml"] = all + of("outside", ", type: LoadBalancer")
	tree["src/cart/src/Dockerfile"] = ""
	plan = planOf(t, files(tree), ".")
	text, _ = written(plan)
	require.Contains(t, text, "service: outside ")
	require.Contains(t, text, "- name: acme/cart\n  context: src/cart/src\n", "its folder is not the last one")
}
