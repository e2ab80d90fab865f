package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Routes is where a beta is reached from outside, instead of where its overlay says: below
// a path, at a host, or, with neither, not at all.
type Routes struct {
	From string // the overlay's base path, without a slash at its end
	Path string // takes its place: /beta/RUN
	Host string // takes the place of each host, which it may contain as {host}
}

// routing are the groups and kinds that lead users to a Service.
var routing = map[string]func(map[string]any, *rerouting){
	"Ingress.networking.k8s.io":           rerouteIngress,
	"HTTPRoute.gateway.networking.k8s.io": rerouteHTTPRoute,
	"GRPCRoute.gateway.networking.k8s.io": rerouteHTTPRoute,
	"Route.route.openshift.io":            rerouteOpenShift,
}

// Routed reports whether some of the objects lead users to a Service.
func Routed(objects []*unstructured.Unstructured) bool {
	return slices.ContainsFunc(objects, func(object *unstructured.Unstructured) bool {
		gvk := object.GroupVersionKind()
		return routing[gvk.Kind+"."+gvk.Group] != nil
	})
}

// Reroute changes, or leaves out, what leads users to the objects, and returns the rest as
// it is but for the addresses that a Service has by itself. Where the overlay has several hosts, the one that takes their place must contain them.
func Reroute(objects []*unstructured.Unstructured, to Routes) ([]*unstructured.Unstructured, error) {
	r := &rerouting{Routes: to, hosts: map[string]bool{}}
	out := make([]*unstructured.Unstructured, 0, len(objects))
	for _, object := range objects {
		gvk := object.GroupVersionKind()
		change, routes := routing[gvk.Kind+"."+gvk.Group]
		switch {
		case gvk.Group == "" && gvk.Kind == "Service":
			rerouteService(object.Object, to.Path == "" && to.Host == "")
		case gvk.Kind == "GRPCRoute" && to.Path != "":
			return nil, fmt.Errorf("GRPCRoute %s: what speaks gRPC has no base path: say betas.host or betas.service", object.GetName())
		case !routes:
		case to.Path == "" && to.Host == "":
			continue
		default:
			change(object.Object, r)
		}
		out = append(out, object)
	}
	if to.Host != "" && len(r.hosts) > 1 && !strings.Contains(to.Host, "{host}") {
		return nil, fmt.Errorf("it has the hosts %s: write {host} in betas.host, so that a beta has as many", strings.Join(slices.Sorted(maps.Keys(r.hosts)), ", "))
	}
	return out, nil
}

type rerouting struct {
	Routes
	hosts map[string]bool // that the objects had
}

// path puts a path below the run's. It may be there already, by a component; and it may be
// a pattern, as some controllers have them.
func (r *rerouting) path(path string) string {
	switch rest, below := strings.CutPrefix(path, r.From); {
	case r.Path == "" || strings.HasPrefix(path, r.Path):
		return path
	case below && (rest == "" || strings.ContainsAny(rest[:1], "/(.*[?$")):
		return r.Path + strings.TrimSuffix(rest, "/")
	}
	return r.Path + path
}

func (r *rerouting) host(host string) string {
	if r.Host == "" {
		return host
	}
	r.hosts[host] = true
	return strings.ReplaceAll(r.Host, "{host}", strings.TrimPrefix(host, "*."))
}

func rerouteIngress(object map[string]any, r *rerouting) {
	spec, _ := object["spec"].(map[string]any)
	if backend, all := spec["defaultBackend"]; all { // it would take what no rule takes
		delete(spec, "defaultBackend")
		path := map[string]any{"path": r.From + "/", "pathType": "Prefix", "backend": backend}
		rules, _ := spec["rules"].([]any)
		spec["rules"] = append(rules, map[string]any{"http": map[string]any{"paths": []any{path}}})
	}
	for _, rule := range items(spec["rules"]) {
		if host, _ := rule["host"].(string); host != "" || r.Host != "" {
			rule["host"] = r.host(host)
		}
		http, _ := rule["http"].(map[string]any)
		for _, path := range items(http["paths"]) {
			value, _ := path["path"].(string)
			path["path"] = r.path(value)
		}
	}
	for _, tls := range items(spec["tls"]) {
		r.eachHost(tls, "hosts")
	}
}

func rerouteHTTPRoute(object map[string]any, r *rerouting) {
	spec, _ := object["spec"].(map[string]any)
	if names, _ := spec["hostnames"].([]any); len(names) > 0 {
		r.eachHost(spec, "hostnames")
	} else if r.Host != "" {
		spec["hostnames"] = []any{r.host("")}
	}
	for _, rule := range items(spec["rules"]) {
		matches := items(rule["matches"])
		if len(matches) == 0 && r.Path != "" {
			rule["matches"] = []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": r.Path}}}
		}
		for _, match := range matches {
			path, _ := match["path"].(map[string]any)
			if path == nil && r.Path != "" {
				path = map[string]any{"type": "PathPrefix"}
				match["path"] = path
			}
			if path != nil {
				value, _ := path["value"].(string)
				path["value"] = r.path(value)
			}
		}
	}
}

func rerouteOpenShift(object map[string]any, r *rerouting) {
	spec, _ := object["spec"].(map[string]any)
	host, _ := spec["host"].(string)
	if host != "" || r.Host != "" {
		spec["host"] = r.host(host)
	}
	if path, _ := spec["path"].(string); path != "" || r.Path != "" {
		spec["path"] = r.path(path)
	}
}

// rerouteService frees a Service of ports of the nodes that production's has already. One
// that is reached inside alone is made a plain one, since a load balancer takes minutes and costs.
func rerouteService(object map[string]any, inside bool) {
	spec, _ := object["spec"].(map[string]any)
	for _, port := range items(spec["ports"]) {
		delete(port, "nodePort")
	}
	for _, field := range []string{"healthCheckNodePort", "loadBalancerIP"} {
		delete(spec, field)
	}
	if kind, _ := spec["type"].(string); inside && (kind == "LoadBalancer" || kind == "NodePort") {
		for _, field := range []string{"type", "loadBalancerClass", "loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "externalTrafficPolicy"} {
			delete(spec, field)
		}
	}
}

// eachHost changes a list of hosts, in which the same one stands once.
func (r *rerouting) eachHost(object map[string]any, field string) {
	names, _ := object[field].([]any)
	var out []any
	for _, name := range names {
		if host := r.host(fmt.Sprint(name)); !slices.Contains(out, any(host)) {
			out = append(out, host)
		}
	}
	if len(out) > 0 {
		object[field] = out
	}
}
