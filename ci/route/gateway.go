package route

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ofHTTPRoute reads https://gateway-api.sigs.k8s.io/reference/1.6/spec/#httproute: each
// hostname with each match of each rule, and each Service behind that.
func ofHTTPRoute(object *unstructured.Unstructured) []Route {
	return ofGatewayRoute(object, func(match map[string]any) (path string, exact bool) {
		value, _, _ := unstructured.NestedString(match, "path", "value")
		kind, _, _ := unstructured.NestedString(match, "path", "type")
		return cmp.Or(value, "/"), kind == "Exact"
	})
}

// GRPCHealth is the path of gRPC's own health protocol, by which what speaks it is asked.
const GRPCHealth = "/grpc.health.v1.Health/Check"

// ofGRPCRoute is the same of a GRPCRoute, whose methods are paths in HTTP/2:
// /package.Service/Method.
func ofGRPCRoute(object *unstructured.Unstructured) []Route {
	return ofGatewayRoute(object, func(match map[string]any) (path string, exact bool) {
		service, _, _ := unstructured.NestedString(match, "method", "service")
		method, _, _ := unstructured.NestedString(match, "method", "method")
		switch {
		case service == "":
			return "/", false
		case method == "":
			return "/" + service, false
		}
		return "/" + service + "/" + method, true
	})
}

func ofGatewayRoute(object *unstructured.Unstructured, pathOf func(match map[string]any) (path string, exact bool)) (out []Route) {
	hosts, _, _ := unstructured.NestedStringSlice(object.Object, "spec", "hostnames")
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	for _, host := range hosts {
		for _, rule := range ListAt(object.Object, "spec", "rules") {
			matches := ListAt(rule, "matches")
			if len(matches) == 0 {
				matches = []map[string]any{{}}
			}
			for _, match := range matches {
				path, exact := pathOf(match)
				for _, to := range backendsOf(object, rule) {
					to.Object, to.Host, to.Path, to.Exact = object, host, path, exact
					to.Partial = to.Partial || narrowed(match)
					out = append(out, to)
				}
			}
		}
	}
	return out
}

// narrowed reports whether a match takes only some of the requests for its path. Of an
// HTTPRoute a method may be one; GET, which is asked for, is none.
func narrowed(match map[string]any) bool {
	method, _ := match["method"].(string)
	return match["headers"] != nil || match["queryParams"] != nil || method != "" && method != "GET"
}

// backendsOf returns the Services of a rule in the object's namespace, or one that is none.
func backendsOf(object *unstructured.Unstructured, rule map[string]any) (out []Route) {
	for _, ref := range ListAt(rule, "backendRefs") {
		group, _ := ref["group"].(string)
		kind, _ := ref["kind"].(string)
		namespace, _ := ref["namespace"].(string)
		if name, _ := ref["name"].(string); group == "" && cmp.Or(kind, "Service") == "Service" && cmp.Or(namespace, object.GetNamespace()) == object.GetNamespace() {
			weight, weighted := ref["weight"]
			out = append(out, Route{Service: name, Port: portIn(ref["port"]), Partial: weighted && portIn(weight).IntVal == 0})
		}
	}
	if len(out) == 0 {
		return []Route{{}}
	}
	return out
}

// Parent is a Gateway, or a part of it, by which a route of the Gateway API is reached.
type Parent struct {
	Namespace, Name string // the namespace is empty where neither the route nor its reference has one
	Section         string // the listener; empty: any
	Port            int32  // of the listener; 0: any
}

// Parents returns the Gateways that routes name, each reference once.
func Parents(objects ...*unstructured.Unstructured) (out []Parent) {
	for _, object := range objects {
		if kind, ok := KindOf(object); !ok || kind.Group != gatewayGroup {
			continue
		}
		for _, ref := range ListAt(object.Object, "spec", "parentRefs") {
			kind, _ := ref["kind"].(string)
			if cmp.Or(kind, "Gateway") != "Gateway" {
				continue
			}
			namespace, _ := ref["namespace"].(string)
			name, _ := ref["name"].(string)
			section, _ := ref["sectionName"].(string)
			p := Parent{cmp.Or(namespace, object.GetNamespace()), name, section, portIn(ref["port"]).IntVal}
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}
