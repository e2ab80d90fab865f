package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/diagnose"
)

// glanceAt is a glance in which containers have run for long.
func glanceAt(now time.Time) glance {
	return glance{now: now, written: func(types.UID) int64 { return 0 }, fresh: func(*corev1.Event) bool { return true },
		ran: func(*corev1.Pod, corev1.ContainerStatus) time.Duration { return time.Hour }}
}

// judged is what is found of an object that is in the cluster as the document says.
func judged(t *testing.T, document string) finding {
	t.Helper()
	object := clustertest.Objects(t, "shop", document)[0]
	rule, waited := ruleOf(object)
	require.True(t, waited)
	return rule.judge(&view{}, metav1.Object(object), glanceAt(time.Now()))
}

func TestAGatewayIsDoneWhenAcceptedAndProgrammed(t *testing.T) {
	t.Parallel()
	gateway := func(conditions string) finding {
		return judged(t, `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, generation: 2}, status: {conditions: [`+conditions+`]}}`)
	}
	require.Empty(t, gateway(`{type: Accepted, status: "True", observedGeneration: 2}, {type: Programmed, status: "True", observedGeneration: 2}`).lacks)
	require.Equal(t, "its condition Programmed is not there yet", gateway(`{type: Accepted, status: "True"}`).lacks)
	require.Equal(t, "its new spec is not observed yet", gateway(`{type: Accepted, status: "True", observedGeneration: 1}, {type: Programmed, status: "True"}`).lacks)
	refused := gateway(`{type: Accepted, status: "False", reason: InvalidParameters, message: no such class}`).problem
	require.Equal(t, cluster.Misconfigured, refused.Class)
	require.Equal(t, "its controller does not accept it: no such class", refused.Cause)
	require.Equal(t, cluster.NoAddress, gateway(`{type: Accepted, status: "True"}, {type: Programmed, status: "False", reason: AddressNotAssigned}`).problem.Class)
	require.Equal(t, cluster.NoAddress, gateway(``).problem.Class)
}

func TestAnHTTPRouteIsDoneWhenEveryParentServesIt(t *testing.T) {
	t.Parallel()
	httpRoute := func(parents string) finding {
		return judged(t, `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, generation: 3}, spec: {parentRefs: [{name: inside}, {name: outside, namespace: edge, sectionName: https}]}, status: {parents: [`+parents+`]}}`)
	}
	good := `, conditions: [{type: Accepted, status: "True", observedGeneration: 3}, {type: ResolvedRefs, status: "True", observedGeneration: 3}]}`
	inside := `{parentRef: {group: gateway.networking.k8s.io, kind: Gateway, namespace: shop, name: inside}`
	outside := `{parentRef: {namespace: edge, name: outside, sectionName: https}`
	require.Empty(t, httpRoute(inside+good+", "+outside+good).lacks)
	require.Equal(t, "Gateway outside has not accepted it yet", httpRoute(inside+good).lacks)
	require.Equal(t, cluster.NoAddress, httpRoute(inside+good).problem.Class)
	unresolved := httpRoute(inside + good + ", " + outside + `, conditions: [{type: Accepted, status: "True"}, {type: ResolvedRefs, status: "False", message: Service api not found}]}`)
	require.Equal(t, cluster.Misconfigured, unresolved.problem.Class)
	require.Equal(t, "Gateway outside does not serve it (ResolvedRefs): Service api not found", unresolved.problem.Cause)
	old := httpRoute(inside + `, conditions: [{type: Accepted, status: "True", observedGeneration: 2}]}`)
	require.Equal(t, "Gateway inside: its new spec is not observed yet", old.lacks)
}

func TestAnOpenShiftRouteIsDoneWhenARouterAdmitsIt(t *testing.T) {
	t.Parallel()
	admitted := func(routers string) finding {
		return judged(t, `{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r}, status: {ingress: [`+routers+`]}}`)
	}
	refusal := `{conditions: [{type: Admitted, status: "False", reason: HostAlreadyClaimed, message: route other has this host}]}`
	require.Empty(t, admitted(refusal+`, {conditions: [{type: Admitted, status: "True"}]}`).lacks)
	require.Equal(t, "the router does not admit it: route other has this host", admitted(refusal).problem.Cause)
	require.Equal(t, cluster.Misconfigured, admitted(refusal).problem.Class, "as for a Gateway that refuses an HTTPRoute")
	require.Equal(t, cluster.NoAddress, admitted(``).problem.Class)
	moved := judged(t, `{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r}, spec: {host: new.example}, status: {ingress: [
		{host: old.example, conditions: [{type: Admitted, status: "True"}]}]}}`)
	require.Equal(t, "no router has admitted it yet", moved.lacks)
}

func TestADefinitionIsDoneWhenEstablished(t *testing.T) {
	t.Parallel()
	definition := func(conditions string) finding {
		return judged(t, `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: d}, status: {conditions: [`+conditions+`]}}`)
	}
	require.Empty(t, definition(`{type: NamesAccepted, status: "True"}, {type: Established, status: "True"}`).lacks)
	require.NotEmpty(t, definition(`{type: NamesAccepted, status: "True"}`).lacks)
	require.Equal(t, cluster.Misconfigured, definition(`{type: NamesAccepted, status: "False", message: taken}`).problem.Class)
}

func TestACustomObjectIsJudgedByTheConditionsItHas(t *testing.T) {
	t.Parallel()
	custom := func(rest string) finding {
		return judged(t, `{apiVersion: shop.example/v1, kind: Queue, metadata: {name: q, generation: 2}, `+rest+`}`)
	}
	for rest, lacks := range map[string]string{
		`spec: {}`:                 "", // old, and without a status
		`status: {phase: Running}`: "",
		`status: {observedGeneration: 1, conditions: []}`:                                                           "its new spec is not observed yet",
		`status: {conditions: [{type: Ready, status: "True"}]}`:                                                     "",
		`status: {conditions: [{type: Odd, status: "False"}]}`:                                                      "",
		`status: {conditions: [{type: Available, status: "Unknown"}]}`:                                              "its condition Available is Unknown: Available is Unknown",
		`status: {conditions: [{type: Ready, status: "False", message: no space}]}`:                                 "its condition Ready is False: no space",
		`status: {conditions: [{type: Ready, status: "True", observedGeneration: 1}]}`:                              "its new spec is not observed yet",
		`status: {conditions: [{type: Ready, status: "True"}, {type: Reconciling, status: "True", message: busy}]}`: "is being reconciled: busy",
		`status: {conditions: [{type: Ready, status: "True"}, {type: Stalled, status: "True", message: bad spec}]}`: "its condition Stalled is True",
	} {
		require.Equal(t, lacks, custom(rest).lacks, rest)
	}
	stalled := custom(`status: {conditions: [{type: Stalled, status: "True", message: bad spec}]}`).problem
	require.Equal(t, "its controller reports Stalled: bad spec", stalled.Cause)
	require.Equal(t, diagnose.StatusGrace, stalled.Grace)

	fresh := clustertest.Objects(t, "shop", `{apiVersion: shop.example/v1, kind: Queue, metadata: {name: q}}`)[0]
	fresh.SetCreationTimestamp(metav1.Now())
	f := (&view{}).judgeCustom(fresh, glanceAt(time.Now()))
	require.Equal(t, "has no status yet", f.lacks)
	require.Equal(t, statusPatience, f.patience)
}

func TestKindsWithoutAStatusToWaitForAreDoneWhenWritten(t *testing.T) {
	t.Parallel()
	for _, document := range []string{
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort}}",
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: ExternalName, externalName: b.example}}",
		"{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}}",
		"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}}",
	} {
		none := &cluster.Cluster{}
		target, err := targetOf(t.Context(), none, clustertest.Objects(t, "shop", document)[0])
		require.NoError(t, err)
		require.Nil(t, target, document)
	}
}

func TestALoadBalancersServiceWaitsForItsAddress(t *testing.T) {
	t.Parallel()
	service := &corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer}}
	f := (&view{}).judgeService(service, glance{})
	require.Equal(t, cluster.NoAddress, f.problem.Class)
	found := f.problem.Prove(f.problem, diagnose.Proof{Events: []*corev1.Event{{Type: "Warning", Reason: "SyncLoadBalancerFailed", Message: "no quota"}}})
	require.Equal(t, "no load balancer has given it an address: no quota", found.Cause)
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "192.0.2.1"}}
	require.Empty(t, (&view{}).judgeService(service, glance{}).lacks)
}

func TestExpressionsHoldOrSayWhatTheValueIs(t *testing.T) {
	t.Parallel()
	object := map[string]any{"status": map[string]any{"phase": "Running", "replicas": int64(3), "ok": true, "list": []any{map[string]any{"type": "Ready", "status": "True"}}}}
	for text, lacks := range map[string]string{
		"{.status.phase}=Running":                        "",
		"{.status.phase}==Running":                       "",
		`{.status.phase}="Running"`:                      "",
		"{.status.replicas}=3":                           "",
		"{.status.ok}=true":                              "",
		"{.status.list}":                                 "",
		`{.status.list[?(@.type=="Ready")].status}=True`: "",
		"{.status.phase}=Done":                           "{.status.phase}=Done does not hold, the value is Running",
		"{.status.nothing}":                              "{.status.nothing} does not hold, there is no value",
		"{.status.list}=x":                               "{.status.list}=x does not hold, there is no value",
	} {
		parsed, err := parseExpression(text)
		require.NoError(t, err, text)
		require.Equal(t, lacks, parsed.lacks(object), text)
	}
}

func TestMalformedExpressionsAreRefusedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{}", "{.status", ".status.phase=Running", "{.status.phase}Running", "{.status.phase}=", "{.status[}=x"} {
		object := &unstructured.Unstructured{Object: map[string]any{"kind": "Queue", "metadata": map[string]any{"name": "q", "namespace": "shop"}}}
		object.SetAnnotations(map[string]string{readyAnnotation: text})
		refused := clustertest.RequireClass(t, CheckAnnotations([]*unstructured.Unstructured{object}), cluster.Misconfigured)
		require.Equal(t, "Queue shop/q", refused.Object, text)
	}
}
