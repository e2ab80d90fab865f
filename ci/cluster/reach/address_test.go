package reach

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/slipway-cd/slipway/ci/route"
)

func TestAHostOfTheRuleIsDialledAtThePublishedAddressFirst(t *testing.T) {
	t.Parallel()
	e := entrance{name: "Ingress shop/web", route: route.Route{Host: "demo.example"}}
	in := &networkingv1.Ingress{}
	at := func(at ...networkingv1.IngressLoadBalancerIngress) []Address {
		in.Status.LoadBalancer.Ingress = at
		return e.addresses(published(in, e.route.TLS))
	}
	const found = "Ingress shop/web, "
	require.Empty(t, at(), "the controller has not published it")
	require.Empty(t, at(networkingv1.IngressLoadBalancerIngress{}))
	ip, lb := networkingv1.IngressLoadBalancerIngress{IP: "2001:db8::1"}, networkingv1.IngressLoadBalancerIngress{Hostname: "lb.example"}
	byName := Address{URL: "http://demo.example", FoundBy: found + "host in its rule"}
	require.Equal(t, []Address{{URL: "http://demo.example", Dial: "2001:db8::1", FoundBy: found + "host in its rule, dialled at 2001:db8::1"}, byName}, at(ip))
	require.Equal(t, []Address{{URL: "http://demo.example", Dial: "lb.example", FoundBy: found + "host in its rule, dialled at lb.example"}, byName}, at(lb))
	e.route.TLS = true
	require.Equal(t, "https://demo.example", at(lb)[0].URL)
	e.route = route.Route{Host: "*.example"}
	require.Equal(t, "http://slipway.example", at(lb)[0].URL, "a name that the wildcard covers")
	e.route.Host = ""
	require.Equal(t, []Address{{URL: "http://lb.example", FoundBy: found + "hostname in its status"}}, at(lb))
	require.Equal(t, []Address{{URL: "http://[2001:db8::1]", FoundBy: found + "ip in its status"}}, at(ip))
	ip.Ports = []networkingv1.IngressPortStatus{{Port: 8080}}
	require.Equal(t, "http://[2001:db8::1]:8080", at(ip)[0].URL)
}

// live is an object as a controller left it.
func live(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	content, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	require.NoError(t, object.UnmarshalJSON(content))
	return object
}

func TestAGatewaySaysPortsAndHostsByItsListeners(t *testing.T) {
	t.Parallel()
	gateway := live(t, `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {namespace: edge, name: web}, spec: {listeners: [
		{name: http, protocol: HTTP, port: 80}, {name: alt, protocol: HTTP, port: 8080, hostname: '*.alt.example'},
		{name: https, protocol: HTTPS, port: 443, hostname: '*.shop.example'}, {name: db, protocol: TCP, port: 5432}]},
		status: {addresses: [{type: IPAddress, value: 192.0.2.7}]}}`)
	for name, c := range map[string]struct {
		host string
		ref  string // of the parent
		want []string
	}{
		"any host":                 {want: []string{"https://slipway.shop.example at 192.0.2.7", "https://slipway.shop.example"}},
		"a host with TLS":          {host: "a.shop.example", want: []string{"https://a.shop.example at 192.0.2.7", "https://a.shop.example"}},
		"one listener by its name": {host: "a.shop.example", ref: "sectionName: http", want: []string{"http://a.shop.example at 192.0.2.7", "http://a.shop.example"}},
		"one listener by its port": {host: "b.alt.example", ref: "port: 8080", want: []string{"http://b.alt.example:8080 at 192.0.2.7", "http://b.alt.example:8080"}},
		"the narrower wildcard":    {host: "*.a.alt.example", want: []string{"http://slipway.a.alt.example:8080 at 192.0.2.7", "http://slipway.a.alt.example:8080"}, ref: "sectionName: alt"},
		"a host of no listener":    {host: "other.example", ref: "sectionName: https"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := live(t, "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {namespace: shop, name: web}, spec: {parentRefs: [{namespace: edge, name: web, "+c.ref+"}]}}")
			r := route.Route{Object: object, Host: c.host}
			var got []string
			for _, a := range (entrance{name: "HTTPRoute shop/web", route: r}).addresses(newGateways(r).parents[0].places(gateway, c.host)) {
				text := a.URL
				if a.Dial != "" {
					text += " at " + a.Dial
				}
				got = append(got, text)
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestARouteIsWhereARouterAdmittedIt(t *testing.T) {
	t.Parallel()
	object := live(t, `{apiVersion: route.openshift.io/v1, kind: Route, metadata: {namespace: shop, name: web}, status: {ingress: [
		{host: refused.example, conditions: [{type: Admitted, status: "False"}]},
		{host: web-shop.apps.example, routerCanonicalHostname: router.apps.example, conditions: [{type: Admitted, status: "True"}]}]}}`)
	e := entrance{name: "Route shop/web"}
	require.Equal(t, []Address{
		{URL: "https://web-shop.apps.example", Dial: "router.apps.example", FoundBy: "Route shop/web, host in its rule, dialled at router.apps.example"},
		{URL: "https://web-shop.apps.example", FoundBy: "Route shop/web, host in its rule"},
	}, e.addresses(admitted(object, true)))
	object.Object["spec"] = map[string]any{"host": "new.example"}
	require.Empty(t, admitted(object, true), "it is admitted where it was before")
}

func TestReadyPodTakesTheNumberOfTheNamedPortFromItsSlice(t *testing.T) {
	t.Parallel()
	endpoint := func(pod string, ready bool) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: pod}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}
	}
	slices := []*discoveryv1.EndpointSlice{{
		Ports:     []discoveryv1.EndpointPort{{Name: ptr.To("metrics"), Port: ptr.To[int32](9090)}, {Name: ptr.To("http"), Port: ptr.To[int32](8081)}},
		Endpoints: []discoveryv1.Endpoint{endpoint("starting", false), endpoint("ready", true)},
	}}
	pod, port := readyPod(slices, "http")
	require.Equal(t, "ready", pod)
	require.EqualValues(t, 8081, port)
	pod, _ = readyPod(slices, "grpc")
	require.Empty(t, pod)
}

func TestAnIPThatIsSaidIsAskedForTheHostsOfTheRoutes(t *testing.T) {
	t.Parallel()
	ingress := live(t, `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop, name: web}, spec: {rules: [
		{host: a.example, http: {paths: [{path: /, backend: {service: {name: web}}}]}}, {host: b.example, http: {paths: [{path: /, backend: {service: {name: web}}}]}}]}}`)
	urls := func(url string, objects ...*unstructured.Unstructured) (out []string) {
		for _, e := range entrancesTo(Wanted{Objects: objects, Service: "web", Path: "/health", URL: url, SaidBy: "--address"}) {
			places, _, err := e.places()
			require.NoError(t, err)
			a := e.addresses(places)[0]
			out = append(out, a.URL+" at "+a.Dial+", "+a.FoundBy)
		}
		return out
	}
	require.Equal(t, []string{"http://a.example:8080 at 192.0.2.7, --address, host in its rule, dialled at 192.0.2.7", "http://b.example:8080 at 192.0.2.7, --address, host in its rule, dialled at 192.0.2.7"}, urls("http://192.0.2.7:8080", ingress))
	require.Equal(t, []string{"http://192.0.2.7 at , --address, as said"}, urls("http://192.0.2.7"))
	require.Equal(t, []string{"https://shop.example at , --address, as said"}, urls("https://shop.example", ingress), "a name is asked for itself")
}

func TestAnEntranceIsWhatRequestsForTheServiceComeBy(t *testing.T) {
	t.Parallel()
	route := func(rules string) *unstructured.Unstructured {
		return live(t, "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {namespace: shop, name: web}, spec: {hostnames: [a.example], rules: ["+rules+"]}}")
	}
	const web, legacy = "backendRefs: [{name: web, port: 80}]", "backendRefs: [{name: legacy, port: 80}]"
	for rules, want := range map[string]int{
		"{" + web + "}": 1,
		"{matches: [{headers: [{name: x-canary, value: a}]}], " + web + "}, {" + legacy + "}":            0,
		"{matches: [{queryParams: [{name: a, value: b}]}], " + web + "}":                                 0,
		"{backendRefs: [{name: web, weight: 0}, {name: legacy, weight: 1}]}":                             0,
		"{backendRefs: [{name: web, weight: 1}, {name: legacy, weight: 9}]}":                             1,
		"{" + web + "}, {matches: [{path: {type: PathPrefix, value: /health}}], " + legacy + "}":         0,
		"{" + legacy + "}, {matches: [{method: GET, path: {type: Exact, value: /health}}], " + web + "}": 1,
	} {
		require.Len(t, entrancesTo(Wanted{Objects: []*unstructured.Unstructured{route(rules)}, Service: "web", Path: "/health"}), want, rules)
	}
}

func TestANameThatIsSaidForEveryBetaIsWhereToConnect(t *testing.T) {
	t.Parallel()
	beta := live(t, `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop, name: web}, spec: {rules: [{host: r1.shop.example, http: {paths: [{path: /, backend: {service: {name: web}}}]}}]}}`)
	w := Wanted{Objects: []*unstructured.Unstructured{beta}, Service: "web", Path: "/health", URL: "http://shop.example", SaidBy: "--address", Dialled: true}
	found := entrancesTo(w)
	require.Len(t, found, 1)
	places, _, err := found[0].places()
	require.NoError(t, err)
	a := found[0].addresses(places)[0]
	require.Equal(t, "http://r1.shop.example", a.URL, "asked for itself it would be production")
	require.Equal(t, "shop.example", a.Dial)
}
