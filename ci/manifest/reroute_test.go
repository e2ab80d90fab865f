package manifest

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func objectOf(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	converted, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	object := &unstructured.Unstructured{}
	require.NoError(t, object.UnmarshalJSON(converted))
	return object
}

func TestABetaIsReachedWhereTheRunSays(t *testing.T) {
	t.Parallel()
	ingress := func(spec string) string {
		return "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: " + spec + "}"
	}
	gateway := func(spec string) string {
		return "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web}, spec: " + spec + "}"
	}
	openshift := func(spec string) string {
		return "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: web}, spec: " + spec + "}"
	}
	path := Routes{From: "/demo", Path: "/beta/one"}
	host := Routes{Host: "one.beta.example.com"}
	each := Routes{Host: "one.{host}"}
	for name, c := range map[string]struct {
		to           Routes
		object, want string
	}{
		"the base path": {path, ingress(`{rules: [{http: {paths: [{path: /demo}]}}]}`), ingress(`{rules: [{http: {paths: [{path: /beta/one}]}}]}`)},
		"paths below and beside, and a pattern": {path, ingress(`{rules: [{host: a.example, http: {paths: [{path: /demo/api}, {path: /static}, {path: "/demo(/|$)(.*)"}, {path: /demos}]}}]}`),
			ingress(`{rules: [{host: a.example, http: {paths: [{path: /beta/one/api}, {path: /beta/one/static}, {path: "/beta/one(/|$)(.*)"}, {path: /beta/one/demos}]}}]}`)},
		"what a component has put there":  {path, ingress(`{rules: [{http: {paths: [{path: /beta/one}, {path: /beta/one/api}]}}]}`), ingress(`{rules: [{http: {paths: [{path: /beta/one}, {path: /beta/one/api}]}}]}`)},
		"the root":                        {Routes{Path: "/beta/one"}, ingress(`{rules: [{http: {paths: [{path: /}, {path: /api}]}}]}`), ingress(`{rules: [{http: {paths: [{path: /beta/one}, {path: /beta/one/api}]}}]}`)},
		"what takes all":                  {Routes{Path: "/beta/one"}, ingress(`{defaultBackend: {service: {name: web}}}`), ingress(`{rules: [{http: {paths: [{path: /beta/one, pathType: Prefix, backend: {service: {name: web}}}]}}]}`)},
		"a host of its own":               {host, ingress(`{rules: [{host: shop.example}, {host: shop.example}], tls: [{hosts: [shop.example]}]}`), ingress(`{rules: [{host: one.beta.example.com}, {host: one.beta.example.com}], tls: [{hosts: [one.beta.example.com]}]}`)},
		"a host where there was none":     {host, ingress(`{rules: [{http: {paths: [{path: /}]}}]}`), ingress(`{rules: [{host: one.beta.example.com, http: {paths: [{path: /}]}}]}`)},
		"a host for each":                 {each, ingress(`{rules: [{host: a.example}, {host: "*.b.example"}]}`), ingress(`{rules: [{host: one.a.example}, {host: one.b.example}]}`)},
		"a path of a gateway":             {path, gateway(`{rules: [{matches: [{path: {type: Exact, value: /demo/a}}, {headers: []}]}, {backendRefs: []}]}`), gateway(`{rules: [{matches: [{path: {type: Exact, value: /beta/one/a}}, {headers: [], path: {type: PathPrefix, value: /beta/one}}]}, {backendRefs: [], matches: [{path: {type: PathPrefix, value: /beta/one}}]}]}`)},
		"a host of a gateway":             {host, gateway(`{hostnames: [a.example, a.example]}`), gateway(`{hostnames: [one.beta.example.com]}`)},
		"a host of a gateway without any": {host, gateway(`{rules: []}`), gateway(`{rules: [], hostnames: [one.beta.example.com]}`)},
		"a path of OpenShift":             {path, openshift(`{host: a.example}`), openshift(`{host: a.example, path: /beta/one}`)},
		"a host of OpenShift":             {host, openshift(`{to: {name: web}}`), openshift(`{to: {name: web}, host: one.beta.example.com}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := Reroute([]*unstructured.Unstructured{objectOf(t, c.object)}, c.to)
			require.NoError(t, err)
			require.Len(t, out, 1)
			require.Equal(t, objectOf(t, c.want).Object, out[0].Object)
		})
	}

	service := objectOf(t, "{apiVersion: v1, kind: Service, metadata: {name: web}}")
	out, err := Reroute([]*unstructured.Unstructured{objectOf(t, ingress("{}")), service, objectOf(t, gateway("{}"))}, Routes{})
	require.NoError(t, err)
	require.Equal(t, []*unstructured.Unstructured{service}, out, "by its Service alone")

	_, err = Reroute([]*unstructured.Unstructured{objectOf(t, ingress(`{rules: [{host: a.example}, {host: b.example}]}`))}, host)
	require.EqualError(t, err, "it has the hosts a.example, b.example: write {host} in betas.host, so that a beta has as many")
}

func TestABetasServiceHasNoAddressOfItsOwnThatProductionHas(t *testing.T) {
	t.Parallel()
	service := func(spec string) string {
		return "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: " + spec + "}"
	}
	for _, c := range []struct {
		to           Routes
		object, want string
	}{
		{Routes{}, "{type: NodePort, ports: [{port: 80, nodePort: 30080}]}", "{ports: [{port: 80}]}"},
		{Routes{}, "{type: LoadBalancer, loadBalancerIP: 192.0.2.7, externalTrafficPolicy: Local, healthCheckNodePort: 30081, ports: [{port: 80}]}", "{ports: [{port: 80}]}"},
		{Routes{}, "{type: ExternalName, externalName: db.example}", "{type: ExternalName, externalName: db.example}"},
		{Routes{Path: "/beta/one"}, "{type: NodePort, ports: [{port: 80, nodePort: 30080}]}", "{type: NodePort, ports: [{port: 80}]}"}, // as some controllers of Ingresses want it
	} {
		out, err := Reroute([]*unstructured.Unstructured{objectOf(t, service(c.object))}, c.to)
		require.NoError(t, err)
		require.Equal(t, objectOf(t, service(c.want)).Object, out[0].Object, c.object)
	}
}

func TestRoutesOfABetaNameItsOwnServicesAndGateways(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"beta/kustomization.yaml": {Data: []byte("resources: [all.yaml]\n")}, "beta/all.yaml": {Data: []byte(`
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: own}, spec: {gatewayClassName: any}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web}, spec: {parentRefs: [{name: own}, {name: own, namespace: edge}], rules: [{filters: [{requestMirror: {backendRef: {name: web}}}], backendRefs: [{name: web, port: 80}, {name: other, port: 80}, {name: web, namespace: edge}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: web}, spec: {parentRefs: [{name: own}], rules: [{backendRefs: [{name: web, port: 80}]}]}}
---
{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: web}, spec: {to: {kind: Service, name: web}, alternateBackends: [{kind: Service, name: web}]}}
`)}}
	objects, err := Render(tree, "beta", Layer{Namespace: "shop-build", NameSuffix: "-42"})
	require.NoError(t, err)
	text, err := YAML(objects)
	require.NoError(t, err)
	require.Equal(t, 9, strings.Count(string(text), "name: web-42\n"), string(text)) // four objects, and what they name
	require.Equal(t, 2, strings.Count(string(text), "- name: own-42\n"), string(text))
	require.Contains(t, string(text), "- name: own\n    namespace: edge\n")
	require.Contains(t, string(text), "- name: web\n      namespace: edge\n")
	require.Contains(t, string(text), "- name: other\n")
}
