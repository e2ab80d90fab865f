package bootstrap

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/slipway-cd/slipway/ci/description"
)

// made returns the objects for an application whose overlays both hold the documents.
func made(t *testing.T, app description.Application, documents string) map[string]*unstructured.Unstructured {
	t.Helper()
	tree := fstest.MapFS{}
	for _, folder := range []string{"beta", "production"} {
		tree[folder+"/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: [all.yaml]\n")}
		tree[folder+"/all.yaml"] = &fstest.MapFile{Data: []byte(documents)}
	}
	app.Name = "shop"
	objects, err := Objects(For{App: app, Tree: tree, BuildNamespace: "shop-build", Namespace: "shop", BetaOverlay: "beta", ProductionOverlay: "production"})
	require.NoError(t, err)
	out := map[string]*unstructured.Unstructured{}
	for _, object := range objects {
		out[object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName()] = object
	}
	return out
}

func field(t *testing.T, object *unstructured.Unstructured, path ...string) string {
	t.Helper()
	require.NotNil(t, object)
	value, found, err := unstructured.NestedString(object.Object, path...)
	require.NoError(t, err)
	require.True(t, found, path)
	return value
}

const (
	small  = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: shop}]}}}}\n"
	web    = "---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}\n"
	policy = "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web}, spec: {podSelector: {}}}\n"
)

func TestAnApplicationThatKeepsWithinTheBuiltInLimitsGetsThose(t *testing.T) {
	t.Parallel()
	objects := made(t, description.Application{}, small+policy)
	require.Equal(t, "8", field(t, objects["ResourceQuota shop/quota"], "spec", "hard", "limits.cpu"))
	require.Equal(t, "restricted", objects["Namespace /shop"].GetLabels()["pod-security.kubernetes.io/enforce"])
	require.Contains(t, objects, "NetworkPolicy shop/default-deny")
}

func TestTheLimitsHaveRoomForWhatTheOverlaysHold(t *testing.T) {
	t.Parallel()
	const large = "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {replicas: 4, template: {spec: {containers: [{name: db, image: 'db:1', resources: {limits: {cpu: 3, memory: 4Gi}}}]}}, " +
		"volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 20Gi}}}}]}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {type: LoadBalancer, ports: [{port: 80}, {port: 81}]}}\n"
	objects := made(t, description.Application{}, large+policy)
	quota := func(namespace, name string) string {
		return field(t, objects["ResourceQuota "+namespace+"/quota"], "spec", "hard", name)
	}
	require.Equal(t, "18", quota("shop", "requests.cpu"), "six pods during an update, whose request is their limit")
	require.Equal(t, "24Gi", quota("shop", "limits.memory"))
	require.Equal(t, "80Gi", quota("shop", "requests.storage"))
	require.Equal(t, "1", quota("shop", "services.loadbalancers"))
	require.Equal(t, "2", quota("shop", "services.nodeports"))
	require.Equal(t, "240Gi", quota("shop-build", "limits.memory"), "ten betas")
	limits, _, _ := unstructured.NestedSlice(objects["LimitRange shop/containers"].Object, "spec", "limits")
	require.Equal(t, map[string]any{"cpu": "3", "memory": "4Gi"}, limits[0].(map[string]any)["max"])
}

func TestTheNamespacesAreAsTheApplicationNeedsThem(t *testing.T) {
	t.Parallel()
	objects := made(t, description.Application{PodSecurity: "baseline"}, small)
	require.Equal(t, "baseline", objects["Namespace /shop-build"].GetLabels()["pod-security.kubernetes.io/enforce"])
	require.Equal(t, "latest", objects["Namespace /shop-build"].GetLabels()["pod-security.kubernetes.io/enforce-version"])
	require.NotContains(t, objects, "NetworkPolicy shop/default-deny", "the application has no rule of its own")
}

func TestOnlyAnApplicationWithoutAnAddressMayBeReachedByAForwardInProduction(t *testing.T) {
	t.Parallel()
	const ingress = "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}\n"
	forwards := func(documents string) bool {
		rules, _, _ := unstructured.NestedSlice(made(t, description.Application{}, documents)["Role shop/slipway"].Object, "rules")
		for _, rule := range rules {
			if resources := rule.(map[string]any)["resources"].([]any); resources[0] == "pods/portforward" {
				return true
			}
		}
		return false
	}
	require.True(t, forwards(small+web))
	require.False(t, forwards(small+web+ingress))
	require.False(t, forwards(small), "a worker has nothing to ask")
}

func TestRightsToBeReachedComeWithWhatTheOverlaysHold(t *testing.T) {
	t.Parallel()
	const route = "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web}, spec: {parentRefs: [{name: web, namespace: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}}\n"
	const nodes = "---\n{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}}\n"
	rules := func(object *unstructured.Unstructured) string {
		text, err := yaml.Marshal(object.Object["rules"])
		require.NoError(t, err)
		return string(text)
	}
	plain := made(t, description.Application{}, small+web)
	require.NotContains(t, rules(plain["Role shop/slipway"]), "httproutes")
	with := made(t, description.Application{}, small+web+route)
	require.Contains(t, rules(with["Role shop/slipway"]), "httproutes")
	require.Contains(t, rules(with["Role shop-build/slipway"]), "httproutes")
	require.Equal(t, "- apiGroups:\n  - gateway.networking.k8s.io\n  resourceNames:\n  - web\n  resources:\n  - gateways\n  verbs:\n  - get\n  - list\n  - watch\n", rules(with["Role edge/slipway.shop.web"]))
	require.Contains(t, with, "RoleBinding edge/slipway.shop-build.web")
	require.NotContains(t, with, "ClusterRole /slipway-nodes.shop")
	require.Contains(t, made(t, description.Application{}, small+nodes), "ClusterRoleBinding /slipway-nodes.shop")
}

func TestWhatAFormerReleaseHadRoomAndRightsForIsKept(t *testing.T) {
	t.Parallel()
	const route = "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web}, spec: {parentRefs: [{name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}}\n"
	balanced := strings.Replace(web, "spec: {", "spec: {type: LoadBalancer, ", 1)
	before, after := made(t, description.Application{}, small+balanced+route), made(t, description.Application{}, small+web)
	require.Equal(t, "0", field(t, after["ResourceQuota shop/quota"], "spec", "hard", "services.loadbalancers"))
	keepRights(after["Role shop/slipway"], before["Role shop/slipway"])
	text, err := yaml.Marshal(after["Role shop/slipway"].Object["rules"])
	require.NoError(t, err)
	require.Contains(t, string(text), "httproutes")
	raise(after["ResourceQuota shop/quota"].Object, quantities(before["ResourceQuota shop/quota"].Object, "spec", "hard"), 1, "spec", "hard")
	require.Equal(t, "1", field(t, after["ResourceQuota shop/quota"], "spec", "hard", "services.loadbalancers"))
}
