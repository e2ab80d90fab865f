package route

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	out := &unstructured.Unstructured{}
	content, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	require.NoError(t, out.UnmarshalJSON(content))
	return out
}

func kindNamed(apiVersion, kind, spec string) string {
	return "{apiVersion: " + apiVersion + ", kind: " + kind + ", metadata: {namespace: shop, name: web}, spec: " + spec + "}"
}

func TestEachKindSaysWhichRequestsGoToWhichService(t *testing.T) {
	t.Parallel()
	ingress := func(spec string) string { return kindNamed("networking.k8s.io/v1", "Ingress", spec) }
	http := func(spec string) string { return kindNamed("gateway.networking.k8s.io/v1", "HTTPRoute", spec) }
	grpc := func(spec string) string { return kindNamed("gateway.networking.k8s.io/v1", "GRPCRoute", spec) }
	openshift := func(spec string) string { return kindNamed("route.openshift.io/v1", "Route", spec) }
	for text, want := range map[string][]string{
		ingress("{tls: [{hosts: [a.example]}], rules: [{host: a.example, http: {paths: [{path: /x, pathType: Exact, backend: {service: {name: web, port: {name: http}}}}]}}, {host: b.example}]}"): {
			"https a.example /x exactly to web:http", "http b.example / to :0"},
		ingress("{defaultBackend: {service: {name: web, port: {number: 80}}}}"):                      {"http  / to web:80"},
		ingress("{defaultBackend: {resource: {kind: StorageBucket, name: static}}}"):                 {"http  / to :0"},
		http("{hostnames: [a.example, b.example], rules: [{backendRefs: [{name: web, port: 80}]}]}"): {"http a.example / to web:80", "http b.example / to web:80"},
		http("{rules: [{matches: [{path: {value: /api}}, {path: {type: Exact, value: /}}], backendRefs: [{name: web, port: 80}, {name: next, port: 80}]}]}"): {
			"http  /api to web:80", "http  /api to next:80", "http  / exactly to web:80", "http  / exactly to next:80"},
		http("{rules: [{backendRefs: [{name: web, namespace: other, port: 80}]}, {filters: [{type: RequestRedirect}]}]}"): {"http  / to :0", "http  / to :0"},
		grpc("{rules: [{matches: [{method: {service: shop.Cart}}, {method: {service: shop.Cart, method: Add}}], backendRefs: [{name: cart, port: 9000}]}]}"): {
			"http  /shop.Cart to cart:9000", "http  /shop.Cart/Add exactly to cart:9000"},
		openshift("{host: a.example, path: /x, to: {kind: Service, name: web}, port: {targetPort: http}, tls: {termination: edge}}"): {"https a.example /x to web:http"},
		openshift("{to: {kind: Service, name: web}, port: {targetPort: 8080}}"):                                                      {"http  / to web:8080"},
		kindNamed("example.com/v1", "Route", "{host: a.example}"):                                                                    nil,
	} {
		var got []string
		for _, r := range Of(object(t, text)) {
			line := map[bool]string{true: "https", false: "http"}[r.TLS] + " " + r.Host + " " + r.Path
			if r.Exact {
				line += " exactly"
			}
			got = append(got, fmt.Sprintf("%s to %s:%s", line, r.Service, r.Port.String()))
		}
		require.Equal(t, want, got, text)
	}
}

func TestUsersComeByWhatReplacesAnIngressFirst(t *testing.T) {
	t.Parallel()
	var kinds []string
	for _, r := range Of(
		object(t, kindNamed("route.openshift.io/v1", "Route", "{to: {name: web}}")),
		object(t, kindNamed("networking.k8s.io/v1", "Ingress", "{rules: [{}]}")),
		object(t, kindNamed("gateway.networking.k8s.io/v1", "HTTPRoute", "{rules: [{}]}"))) {
		kinds = append(kinds, r.Object.GetKind())
	}
	require.Equal(t, []string{"HTTPRoute", "Ingress", "Route"}, kinds)
}

func TestARouteServesItsPathAndWhatIsBelow(t *testing.T) {
	t.Parallel()
	require.True(t, Route{Path: "/"}.Serves("/health"))
	require.True(t, Route{Path: "/shop/"}.Serves("/shop"))
	require.True(t, Route{Path: "/shop(/|$)(.*)"}.Serves("/shop/health"))
	require.False(t, Route{Path: "/shop"}.Serves("/shops"))
	require.False(t, Route{Path: "/shop", Exact: true}.Serves("/shop/health"))
	require.True(t, Route{Path: "/health", Exact: true}.Serves("/health"))
}

func TestTheServicesPortIsTheOneThatTheRouteMeans(t *testing.T) {
	t.Parallel()
	service := &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "metrics", Port: 9090}, {Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)}}}}
	of := func(kind string, port intstr.IntOrString) int32 {
		return Route{Object: object(t, kindNamed("v1", kind, "{}")), Port: port}.PortOf(service)
	}
	require.EqualValues(t, 80, of("Ingress", intstr.FromString("http")))
	require.EqualValues(t, 80, of("HTTPRoute", intstr.FromInt32(80)))
	require.EqualValues(t, 80, of("Route", intstr.FromInt32(8080)), "the pods' port")
	require.EqualValues(t, 9090, of("Route", intstr.FromInt32(9090)), "which is the Service's where it says none")
	require.Zero(t, of("Ingress", intstr.FromString("grpc")))
	require.Zero(t, of("Ingress", intstr.IntOrString{}))
}
