// Package route reads which requests an object leads to which Service: Ingress, HTTPRoute
// and GRPCRoute of the Gateway API, and OpenShift's Route. It knows no cluster.
package route

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Route is requests that an object leads to a Service.
type Route struct {
	Object  *unstructured.Unstructured
	Host    string // empty: any, and of an OpenShift Route one that the router chooses; may begin with "*."
	Path    string // begins with a slash; a prefix, which may be a pattern, unless Exact
	Exact   bool
	Service string             // in the object's namespace; empty: it leads elsewhere, or nowhere
	Port    intstr.IntOrString // of the Service; zero: the object does not say
	TLS     bool               // the object itself ends TLS for the host
	Partial bool               // only requests with certain headers, parameters or methods come here, or none at all (weight 0)
}

// Kind is a kind of object that leads requests to Services.
type Kind struct {
	schema.GroupKind
	Resource schema.GroupVersionResource
	read     func(object *unstructured.Unstructured) []Route
}

const gatewayGroup = "gateway.networking.k8s.io"

// Kinds are all of them. Where several lead to a Service, users are taken to come by the
// first: who has both an HTTPRoute and an Ingress is moving to the former.
var Kinds = []Kind{
	kind(gatewayGroup, "HTTPRoute", "httproutes", ofHTTPRoute),
	kind(gatewayGroup, "GRPCRoute", "grpcroutes", ofGRPCRoute),
	kind("networking.k8s.io", "Ingress", "ingresses", ofIngress),
	kind("route.openshift.io", "Route", "routes", ofOpenShift),
}

func kind(group, name, resource string, read func(*unstructured.Unstructured) []Route) Kind {
	return Kind{schema.GroupKind{Group: group, Kind: name}, schema.GroupVersionResource{Group: group, Version: "v1", Resource: resource}, read}
}

// KindOf returns the kind of an object that leads requests to Services.
func KindOf(object *unstructured.Unstructured) (Kind, bool) {
	i := order(object)
	if i < 0 {
		return Kind{}, false
	}
	return Kinds[i], true
}

func order(object *unstructured.Unstructured) int {
	is := object.GroupVersionKind().GroupKind()
	return slices.IndexFunc(Kinds, func(k Kind) bool { return k.GroupKind == is })
}

// Of returns the routes of objects, by kind in the order of Kinds and else as they stand.
func Of(objects ...*unstructured.Unstructured) []Route {
	var out []Route
	for _, object := range objects {
		if kind, ok := KindOf(object); ok {
			out = append(out, kind.read(object)...)
		}
	}
	slices.SortStableFunc(out, func(a, b Route) int { return cmp.Compare(order(a.Object), order(b.Object)) })
	return out
}

// Base is the path without a slash at its end and, of a pattern, what comes before it.
func (r Route) Base() string {
	path := r.Path
	if at := strings.IndexAny(path, Pattern); at >= 0 {
		path = path[:at]
	}
	return strings.TrimSuffix(path, "/")
}

// Pattern are the characters that make a path one.
const Pattern = "(*[+^$|?\\"

// PortOf is the port of the Service that the route leads to, or 0. OpenShift's Route names
// it by the pods' port.
func (r Route) PortOf(service *corev1.Service) int32 {
	byPods := r.Object.GetKind() == "Route"
	if r.Port.Type == intstr.Int && !byPods {
		return r.Port.IntVal
	}
	for _, port := range service.Spec.Ports {
		if port.Name != "" && r.Port == intstr.FromString(port.Name) || byPods && r.Port == cmp.Or(port.TargetPort, intstr.FromInt32(port.Port)) {
			return port.Port
		}
	}
	return 0
}

// SameHost reports whether two names may be the same host. They may begin with a wildcard
// label; an empty one is any.
func SameHost(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return a == "" || b == "" || a == b || covers(a, b) || covers(b, a)
}

// covers reports whether a name with a wildcard label covers another.
func covers(wide, narrow string) bool {
	suffix, wild := strings.CutPrefix(wide, "*")
	return wild && strings.HasSuffix(narrow, suffix)
}

// Serves reports whether requests for a path come here, patterns apart.
func (r Route) Serves(path string) bool {
	base := r.Base()
	return path == base || path == r.Path || !r.Exact && strings.HasPrefix(path, base+"/")
}

func ofIngress(object *unstructured.Unstructured) (out []Route) {
	backend := func(of map[string]any, field string) (service string, port intstr.IntOrString) {
		service, _, _ = unstructured.NestedString(of, field, "service", "name")
		number, _, _ := unstructured.NestedFieldNoCopy(of, field, "service", "port", "number")
		name, _, _ := unstructured.NestedString(of, field, "service", "port", "name")
		if name != "" {
			return service, intstr.FromString(name)
		}
		return service, portIn(number)
	}
	for _, rule := range ListAt(object.Object, "spec", "rules") {
		host, _, _ := unstructured.NestedString(rule, "host")
		paths := ListAt(rule, "http", "paths")
		if len(paths) == 0 {
			out = append(out, Route{Object: object, Host: host, Path: "/", TLS: endsTLS(object, host)})
		}
		for _, path := range paths {
			value, _, _ := unstructured.NestedString(path, "path")
			exact, _, _ := unstructured.NestedString(path, "pathType")
			service, port := backend(path, "backend")
			out = append(out, Route{Object: object, Host: host, Path: cmp.Or(value, "/"), Exact: exact == "Exact", Service: service, Port: port, TLS: endsTLS(object, host)})
		}
	}
	if spec, _, _ := unstructured.NestedMap(object.Object, "spec"); spec["defaultBackend"] != nil {
		service, port := backend(spec, "defaultBackend")
		out = append(out, Route{Object: object, Path: "/", Service: service, Port: port})
	}
	return out
}

// endsTLS reports whether an Ingress has a certificate for a host: an entry without hosts is
// for all of them.
func endsTLS(object *unstructured.Unstructured, host string) bool {
	for _, entry := range ListAt(object.Object, "spec", "tls") {
		hosts, _, _ := unstructured.NestedStringSlice(entry, "hosts")
		if len(hosts) == 0 || slices.ContainsFunc(hosts, func(name string) bool { return name == host || covers(name, host) }) {
			return true
		}
	}
	return false
}

func ofOpenShift(object *unstructured.Unstructured) []Route {
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	host, _, _ := unstructured.NestedString(spec, "host")
	path, _, _ := unstructured.NestedString(spec, "path")
	service, _, _ := unstructured.NestedString(spec, "to", "name")
	port, _ := spec["port"].(map[string]any)
	return []Route{{Object: object, Host: host, Path: cmp.Or(path, "/"), Service: service, Port: portIn(port["targetPort"]), TLS: spec["tls"] != nil}}
}

func portIn(value any) intstr.IntOrString {
	switch value := value.(type) {
	case int64:
		return intstr.FromInt32(int32(value))
	case float64: // as some decoders have it
		return intstr.FromInt32(int32(value))
	case string:
		return intstr.Parse(value)
	}
	return intstr.IntOrString{}
}

// ListAt returns the objects of a list that lies at the path.
func ListAt(object map[string]any, path ...string) (out []map[string]any) {
	list, _, _ := unstructured.NestedSlice(object, path...)
	for _, item := range list {
		if fields, ok := item.(map[string]any); ok {
			out = append(out, fields)
		}
	}
	return out
}
