package integration

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/reach"
)

// define makes a kind known to the API server, if it is not yet, that holds whatever it is given.
func define(t *testing.T, c *cluster.Cluster, group, kind, plural string) {
	t.Helper()
	loose := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": plural + "." + group, "annotations": map[string]any{"api-approved.kubernetes.io": "unapproved, for a test"}},
		"spec": map[string]any{"group": group, "scope": "Namespaced", "names": map[string]any{"kind": kind, "plural": plural},
			"versions": []any{map[string]any{"name": "v1", "served": true, "storage": true, "subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "properties": map[string]any{"spec": loose, "status": loose}}}}}},
	}}
	_, err := c.Dynamic.Resource(cluster.Definitions).Create(t.Context(), definition, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		_, err := c.Dynamic.Resource(schema.GroupVersionResource{Group: group, Version: "v1", Resource: plural}).List(t.Context(), metav1.ListOptions{})
		return err == nil
	}, 20*time.Second, 50*time.Millisecond, "%s is not served", plural)
}

// network dials one server for each address that is known; what is not refuses.
func network(t *testing.T, known map[string]http.HandlerFunc) func(ctx context.Context, network, address string) (net.Conn, error) {
	t.Helper()
	servers := map[string]string{}
	for address, handler := range known {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		servers[address] = server.Listener.Addr().String()
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		at, ok := servers[address]
		if !ok {
			return nil, &net.OpError{Op: "dial", Err: fmt.Errorf("%s: connection refused", address)}
		}
		return (&net.Dialer{}).DialContext(ctx, network, at)
	}
}

// forHost answers 2xx where a host is asked for.
func forHost(host string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Host != host {
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

// status writes the status of an object as its controller does.
func status(t *testing.T, c *cluster.Cluster, gvr schema.GroupVersionResource, namespace, name, text string) {
	t.Helper()
	_, err := c.Dynamic.Resource(gvr).Namespace(namespace).Patch(t.Context(), name, "application/merge-patch+json", []byte(`{"status":`+text+`}`), metav1.PatchOptions{}, "status")
	require.NoError(t, err)
}

var (
	httpRoutes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}
	routes     = schema.GroupVersionResource{Group: "route.openshift.io", Version: "v1", Resource: "routes"}
)

const accepted = `{"parents":[{"parentRef":{"name":"web"},"controllerName":"example.com/gateway","conditions":[{"type":"Accepted","status":"True"},{"type":"ResolvedRefs","status":"True"}]}]}`

func TestEveryEntranceMustAnswerAndTheGatewayComesFirst(t *testing.T) {
	t.Parallel()
	var migrated atomic.Bool
	c := connectWith(t, cluster.Config{Dial: network(t, map[string]http.HandlerFunc{
		"192.0.2.7:8080": forHost("shop.example:8080"),
		"192.0.2.8:80": func(w http.ResponseWriter, r *http.Request) {
			if !migrated.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		},
	})})
	for kind, plural := range map[string]string{"Gateway": "gateways", "HTTPRoute": "httproutes"} {
		define(t, c, "gateway.networking.k8s.io", kind, plural)
	}
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, ingress+`
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec: {gatewayClassName: none, listeners: [{name: http, protocol: HTTP, port: 8080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api}
spec: {parentRefs: [{name: web}], hostnames: [shop.example], rules: [{matches: [{path: {type: PathPrefix, value: /demo}}], backendRefs: [{name: api, port: 8080}]}]}`)
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	asked := reach.Wanted{Objects: wanted, Service: "api", Path: "/demo/health"}
	_, err = reach.AddressesOf(within(t, time.Second), c, asked)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "HTTPRoute "+namespace+"/api: no address answered in time: Gateway "+namespace+"/web has not accepted it")

	status(t, c, httpRoutes, namespace, "api", accepted)
	_, err = reach.AddressesOf(within(t, time.Second), c, asked)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "Gateway "+namespace+"/web has no address in its status")

	status(t, c, cluster.Gateways, namespace, "web", `{"addresses":[{"type":"IPAddress","value":"192.0.2.7"}]}`)
	publish(t, c, namespace, "192.0.2.8")
	_, err = reach.AddressesOf(within(t, time.Second), c, asked)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "Ingress "+namespace+"/api: no address answered in time: GET http://192.0.2.8/demo/health: 503")

	migrated.Store(true)
	found, err := reach.AddressesOf(within(t, 10*time.Second), c, asked)
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, reach.Address{URL: "http://shop.example:8080", Dial: "192.0.2.7", FoundBy: "HTTPRoute " + namespace + "/api, host in its rule, dialled at 192.0.2.7"}, found[0])
	require.Equal(t, reach.Address{URL: "http://192.0.2.8", FoundBy: "Ingress " + namespace + "/api, ip in its status"}, found[1])
}

func TestARouteIsReachedWhereItsRouterAdmittedIt(t *testing.T) {
	t.Parallel()
	c := connectWith(t, cluster.Config{Dial: network(t, map[string]http.HandlerFunc{"router.example:80": forHost("api-shop.apps.example")})})
	define(t, c, "route.openshift.io", "Route", "routes")
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: api}, spec: {to: {kind: Service, name: api}}}")
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	_, err = reach.AddressesOf(within(t, time.Second), c, reach.Wanted{Objects: wanted, Service: "api", Path: "/health"})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "no router has admitted it")
	status(t, c, routes, namespace, "api", `{"ingress":[{"host":"api-shop.apps.example","routerCanonicalHostname":"router.example","conditions":[{"type":"Admitted","status":"True"}]}]}`)
	found, err := reach.AddressesOf(within(t, 10*time.Second), c, reach.Wanted{Objects: wanted, Service: "api", Path: "/health"})
	require.NoError(t, err)
	require.Equal(t, "http://api-shop.apps.example", found[0].URL)
	require.Equal(t, "router.example", found[0].Dial)

	wanted = clustertest.Objects(t, namespace, "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: api}, spec: {host: shop.example, to: {kind: Service, name: api}}}")
	_, err = apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	_, err = reach.AddressesOf(within(t, time.Second), c, reach.Wanted{Objects: wanted, Service: "api", Path: "/health"})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "no router has admitted it", "the router still serves the host of before")
}

func TestAServiceWithoutAnythingBeforeItIsReachedByItsOwnAddress(t *testing.T) {
	t.Parallel()
	answers := func(http.ResponseWriter, *http.Request) {}
	var port atomic.Int32
	var node atomic.Value
	dial := network(t, map[string]http.HandlerFunc{"192.0.2.9:8080": answers, "node": answers})
	c := connectWith(t, cluster.Config{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == fmt.Sprintf("%v:%d", node.Load(), port.Load()) {
			address = "node"
		}
		return dial(ctx, network, address)
	}})
	namespace := newNamespace(t, c)
	service := func(kind string) string {
		return "{apiVersion: v1, kind: Service, metadata: {name: api-" + strings.ToLower(kind) + "}, spec: {type: " + kind + ", selector: {app: api}, ports: [{port: 8080}]}}"
	}
	wanted := clustertest.Objects(t, namespace, service("LoadBalancer")+"\n---\n"+service("NodePort"))
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	asked := reach.Wanted{Objects: wanted, Service: "api-loadbalancer", Port: 8080, Path: "/health"}
	_, err = reach.AddressesOf(within(t, time.Second), c, asked)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.NoAddress), "it has no address in its status")
	status(t, c, cluster.Services, namespace, "api-loadbalancer", `{"loadBalancer":{"ingress":[{"ip":"192.0.2.9"}]}}`)
	found, err := reach.AddressesOf(within(t, 10*time.Second), c, asked)
	require.NoError(t, err)
	require.Equal(t, []reach.Address{{URL: "http://192.0.2.9:8080", FoundBy: "Service " + namespace + "/api-loadbalancer, ip in its status"}}, found)

	live, err := c.Typed.CoreV1().Services(namespace).Get(t.Context(), "api-nodeport", metav1.GetOptions{})
	require.NoError(t, err)
	port.Store(live.Spec.Ports[0].NodePort)
	nodes, err := c.Typed.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, address := range nodes.Items[0].Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			node.Store(address.Address)
		}
	}
	asked.Service = "api-nodeport"
	found, err = reach.AddressesOf(within(t, 10*time.Second), c, asked)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("http://%v:%d", node.Load(), port.Load()), found[0].URL)
	require.Equal(t, fmt.Sprintf("Service %s/api-nodeport, node port %d", namespace, port.Load()), found[0].FoundBy)
}

func TestWhereAControllerPublishesNothingItsOwnServiceIsTried(t *testing.T) {
	t.Parallel()
	c := connectWith(t, cluster.Config{Dial: network(t, map[string]http.HandlerFunc{"192.0.2.10:80": forHost("shop.example")})})
	namespace := newNamespace(t, c)
	class := &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: namespace}, Spec: networkingv1.IngressClassSpec{Controller: "k8s.io/" + namespace}}
	_, err := c.Typed.NetworkingV1().IngressClasses().Create(t.Context(), class, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.Typed.NetworkingV1().IngressClasses().Delete(context.Background(), namespace, metav1.DeleteOptions{}))
	})
	wanted := clustertest.Objects(t, namespace, strings.NewReplacer("of-no-controller", namespace, "{http:", "{host: shop.example, http:").Replace(ingress)+
		"\n---\n{apiVersion: v1, kind: Service, metadata: {name: controller, labels: {app.kubernetes.io/name: "+namespace+"}}, spec: {type: LoadBalancer, ports: [{name: http, port: 80}, {name: https, port: 443}]}}")
	_, err = apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	status(t, c, cluster.Services, namespace, "controller", `{"loadBalancer":{"ingress":[{"ip":"192.0.2.10"}]}}`)
	found, err := reach.AddressesOf(within(t, 20*time.Second), c, reach.Wanted{Objects: wanted, Service: "api", Path: "/demo/health"})
	require.NoError(t, err)
	require.Equal(t, "http://shop.example", found[0].URL)
	require.Equal(t, "192.0.2.10", found[0].Dial)
	// As after tests, in less time than a controller has to publish an address.
	again, err := reach.AddressesOf(within(t, 4*time.Second), c, reach.Wanted{Objects: wanted, Service: "api", Path: "/demo/health", Again: true})
	require.NoError(t, err)
	require.Equal(t, found, again)
	require.Equal(t, "Ingress "+namespace+"/api, host in its rule, dialled at 192.0.2.10, Service "+namespace+"/controller of its controller, since nothing is published", found[0].FoundBy)
}

func TestAControllerThatIsAtWorkOrWarnsIsHeard(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, ingress)
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	asked := reach.Wanted{Objects: wanted, Service: "api", Path: "/demo/health"}
	require.Empty(t, reach.AtWork(t.Context(), c, asked))
	says := func(kind, reason, message string, ago time.Duration) {
		_, err := c.Typed.CoreV1().Events(namespace).Create(t.Context(), &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{GenerateName: "api-"},
			InvolvedObject: corev1.ObjectReference{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Namespace: namespace, Name: "api"},
			Type:           kind, Reason: reason, Message: message, LastTimestamp: metav1.NewTime(c.Now().Add(-ago)),
		}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	says("Normal", "Sync", "Scheduled for sync", time.Hour)
	require.Empty(t, reach.AtWork(t.Context(), c, asked), "long ago")
	says("Normal", "Sync", "UrlMap created", time.Minute)
	require.Equal(t, "Ingress "+namespace+"/api: Sync: UrlMap created", reach.AtWork(t.Context(), c, asked))
	says("Warning", "Translate", `Translation failed: service "api" is type "ClusterIP", expected "NodePort" or "LoadBalancer"`, 0)
	require.Empty(t, reach.AtWork(t.Context(), c, asked))
	_, err = reach.AddressesOf(within(t, time.Second), c, asked)
	failed := clustertest.RequireClass(t, err, cluster.NoAddress)
	require.Equal(t, []string{`event Translate: Translation failed: service "api" is type "ClusterIP", expected "NodePort" or "LoadBalancer"`}, failed.Evidence)
}
