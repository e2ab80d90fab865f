package integration

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/scripts/light"
)

// ownCluster starts a control plane that only one test uses: it may restart it,
// or count on nobody else being there.
func ownCluster(t *testing.T) (*light.Cluster, *cluster.Cluster) {
	t.Helper()
	if os.Getenv("SLIPWAY_LIGHT_TEST") == "" {
		t.Skip("SLIPWAY_LIGHT_TEST is not set: the light tier's programs may have to be built")
	}
	programs, err := light.Build(t.Context(), "../../..")
	require.NoError(t, err)
	plane, err := light.Start(t.Context(), programs)
	require.NoError(t, err)
	t.Cleanup(plane.Stop)
	c, err := cluster.Connect(t.Context(), cluster.Config{Kubeconfig: plane.Kubeconfig, UserAgent: "slipway-test"})
	require.NoError(t, err)
	return plane, c
}

func TestAWaitOutlivesARestartOfTheAPIServer(t *testing.T) {
	t.Parallel()
	plane, c := ownCluster(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, app("", testImage(), "one"))
	require.NoError(t, unstructured.SetNestedField(wanted[3].Object, int64(10), "spec", "minReadySeconds")) // still waited for when the server goes
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	var once sync.Once
	var told []string
	restarted := make(chan error, 1)
	err = rollout.Wait(within(t, 6*time.Minute), c, wanted, func(object, state string) {
		told = append(told, object+": "+state)
		if strings.HasPrefix(object, "Deployment ") {
			once.Do(func() { go func() { restarted <- plane.Restart(t.Context(), 30*time.Second) }() })
		}
	})
	require.NoError(t, err)
	require.NoError(t, <-restarted, "it was taken for done while the server was away")
	require.Contains(t, strings.Join(told, "\n"), "cluster: does not answer, trying again")
	require.Contains(t, told, "cluster: answers again", "%v", told)
}

func TestTwoHundredObjectsCostFewRequests(t *testing.T) {
	t.Parallel()
	_, c := ownCluster(t)
	namespace := newNamespace(t, c)
	for _, deploy := range []struct {
		name, value string
		most        int64
	}{{"install", "a", 210}, {"unchanged", "a", 20}, {"upgrade", "b", 210}} {
		var wanted []*unstructured.Unstructured
		for i := range 40 {
			all := clustertest.Objects(t, namespace, app(fmt.Sprint("-", i), testImage(), "one"))
			require.NoError(t, unstructured.SetNestedField(all[3].Object, deploy.value, "spec", "template", "metadata", "annotations", "value"))
			wanted = append(wanted, all[3])
		}
		for i := range 160 {
			wanted = append(wanted, clustertest.Objects(t, namespace, fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: settings-%d}, data: {value: %s}}", i, deploy.value))...)
		}
		before := c.Requests()
		plan, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{})
		require.NoError(t, err)
		require.Len(t, plan.Changes, 200)
		require.Equal(t, deploy.name != "unchanged", plan.Writes())
		if plan.Writes() {
			_, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: deploy.name}, plan, records.Release{})
			require.NoError(t, err)
		}
		_, err = apply.Carry(t.Context(), c, plan, nil)
		require.NoError(t, err)
		require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, nil))
		t.Logf("%s: %d requests", deploy.name, c.Requests()-before)
		require.LessOrEqual(t, c.Requests()-before, deploy.most, deploy.name)
	}
}

// definition is a kind whose objects' status somebody else writes.
func definition(group, version, kind, plural string) string {
	return fmt.Sprintf(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: %[4]s.%[1]s
  annotations: {api-approved.kubernetes.io: "unapproved, a test"}
spec:
  group: %[1]s
  scope: Namespaced
  names: {kind: %[3]s, plural: %[4]s, singular: %[5]s}
  versions:
  - name: %[2]s
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}`, group, version, kind, plural, strings.ToLower(kind))
}

func TestObjectsAreWaitedForUntilTheirControllerHasServedThem(t *testing.T) {
	t.Parallel()
	_, c := ownCluster(t)
	namespace := newNamespace(t, c)
	definitions := clustertest.Objects(t, "",
		definition("gateway.networking.k8s.io", "v1", "Gateway", "gateways"), definition("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"),
		definition("route.openshift.io", "v1", "Route", "routes"), definition("slipway.test", "v1", "Widget", "widgets"))
	first := clustertest.Objects(t, namespace, "{apiVersion: slipway.test/v1, kind: Widget, metadata: {name: first}}")
	_, err := apply.Apply(t.Context(), c, first, apply.Options{})
	require.ErrorContains(t, err, "the cluster does not know this kind")
	changes, err := apply.Apply(t.Context(), c, append(first, definitions...), apply.Options{})
	require.NoError(t, err)
	require.Len(t, changes, 5, "a kind and an object of it, in one deploy")

	accepted := `conditions: [{type: Accepted, status: "True", observedGeneration: 1}, {type: %s, status: "True", observedGeneration: 1}]`
	for _, served := range []struct{ document, lacks, status string }{
		{`{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g}, spec: {gatewayClassName: any}}`,
			"no controller has taken it: its condition Accepted is not there yet", fmt.Sprintf(accepted, "Programmed")},
		{`{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: [{name: g}]}}`,
			"Gateway g has not accepted it", "parents: [{parentRef: {name: g}, " + fmt.Sprintf(accepted, "ResolvedRefs") + "}]"},
		{`{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r}, spec: {host: a.example}}`,
			"no router has admitted it", `ingress: [{host: a.example, conditions: [{type: Admitted, status: "True"}]}]`},
		{`{apiVersion: slipway.test/v1, kind: Widget, metadata: {name: w}, spec: {}}`,
			"has no status yet", `conditions: [{type: Ready, status: "True"}]`},
		{`{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {type: LoadBalancer, ports: [{port: 80}]}}`,
			"no load balancer has given it an address", "loadBalancer: {ingress: [{ip: 192.0.2.1}]}"},
		{`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}, spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}}`,
			"no address in its status yet", "loadBalancer: {ingress: [{ip: 192.0.2.1}]}"},
	} {
		wanted := clustertest.Objects(t, namespace, served.document)
		t.Run(wanted[0].GetKind(), func(t *testing.T) {
			_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
			require.NoError(t, err)
			var told []string
			err = rollout.Wait(within(t, time.Minute), c, wanted, func(_, state string) {
				if told = append(told, state); len(told) == 1 {
					writeStatus(t, c, wanted[0], served.status)
				}
			})
			require.NoError(t, err)
			require.Equal(t, []string{served.lacks, "ready"}, told)
		})
	}
}

// writeStatus plays the controller of an object.
func writeStatus(t *testing.T, c *cluster.Cluster, object *unstructured.Unstructured, status string) {
	t.Helper()
	found, err := c.Resource(t.Context(), object)
	require.NoError(t, err)
	patch, err := yaml.YAMLToJSON([]byte("status: {" + status + "}"))
	require.NoError(t, err)
	_, err = c.In(found, object.GetNamespace()).Patch(t.Context(), object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	require.NoError(t, err)
}
