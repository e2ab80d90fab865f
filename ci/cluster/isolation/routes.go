package isolation

import (
	"cmp"
	"context"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// traffic is requests that an object asks for.
type traffic struct {
	host  string // empty: any
	path  string // without a slash at its end
	exact bool   // this path and none below it
}

func (r traffic) String() string { return cmp.Or(r.host, "*") + cmp.Or(r.path, "/") }

// routed are the kinds that ask for traffic: Ingress, HTTPRoute of the Gateway API
// and OpenShift's Route.
var routed = map[schema.GroupKind]struct {
	resource schema.GroupVersionResource
	routes   func(object *unstructured.Unstructured) []traffic
}{
	{Group: "networking.k8s.io", Kind: "Ingress"}: {cluster.Ingresses, ingressRoutes},
	{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute"}: {
		schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}, httpRoutes},
	{Group: "route.openshift.io", Kind: "Route"}: {
		schema.GroupVersionResource{Group: "route.openshift.io", Version: "v1", Resource: "routes"}, openshiftRoutes},
}

// Routes returns what asks for traffic in a namespace now, for Isolation.Beside. A
// kind that the cluster does not have, or that these credentials may not read and the
// beta does not use, is left out.
func Routes(ctx context.Context, c *cluster.Cluster, namespace string, beta []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	kinds := map[schema.GroupKind]bool{}
	for _, object := range beta {
		kinds[object.GroupVersionKind().GroupKind()] = true
	}
	var mutex sync.Mutex
	var live []*unstructured.Unstructured
	var reading errgroup.Group
	for kind, r := range routed {
		reading.Go(func() error {
			list, err := c.Dynamic.Resource(r.resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
			switch {
			case apierrors.IsNotFound(err), apierrors.IsForbidden(err) && !kinds[kind]:
				return nil
			case err != nil:
				return cluster.FromAPI(ctx, managed.Name(kind.Kind, namespace, "*"), "list", err)
			}
			mutex.Lock()
			defer mutex.Unlock()
			for i := range list.Items {
				live = append(live, &list.Items[i])
			}
			return nil
		})
	}
	return live, reading.Wait()
}

// conflictingRoute returns the error of the first object of the beta that would
// take traffic of production.
func conflictingRoute(beta, production []*unstructured.Unstructured) error {
	for _, object := range beta {
		for _, wanted := range routesOf(object) {
			for _, other := range production {
				for _, live := range routesOf(other) {
					if wanted.takes(live) {
						return notIsolated(object, "would take traffic of "+managed.Describe(other)+": "+wanted.String()+" covers "+live.String(), "give the beta a path of its own")
					}
				}
			}
		}
	}
	return nil
}

func routesOf(object *unstructured.Unstructured) []traffic {
	kind, known := routed[object.GroupVersionKind().GroupKind()]
	if !known {
		return nil
	}
	return kind.routes(object)
}

// takes reports whether requests that go to live would come here: hosts that may
// be the same, and the same path or one that it begins with, character by character
// as some controllers compare. A path below is not: production at / has betas beside it.
func (r traffic) takes(live traffic) bool {
	if !sameHost(r.host, live.host) {
		return false
	}
	return r.path == live.path || !r.exact && strings.HasPrefix(live.path, r.path)
}

// sameHost compares names that may begin with a wildcard label; an empty one is any.
func sameHost(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	covers := func(wide, narrow string) bool {
		suffix, wild := strings.CutPrefix(wide, "*")
		return wild && strings.HasSuffix(narrow, suffix)
	}
	return a == "" || b == "" || a == b || covers(a, b) || covers(b, a)
}

// routeOf cuts a pattern at its first character that is none of a plain path, so
// that it covers at least what the pattern does.
func routeOf(host, path string, exact bool) traffic {
	if at := strings.IndexAny(path, "(*[+^$|?\\"); at >= 0 && !exact {
		path = path[:strings.LastIndex(path[:at], "/")+1]
	}
	return traffic{host: host, path: strings.TrimRight(path, "/"), exact: exact}
}

func ingressRoutes(object *unstructured.Unstructured) (out []traffic) {
	if _, catchAll, _ := unstructured.NestedMap(object.Object, "spec", "defaultBackend"); catchAll {
		out = append(out, traffic{})
	}
	for _, rule := range listAt(object.Object, "spec", "rules") {
		host, _, _ := unstructured.NestedString(rule, "host")
		paths := listAt(rule, "http", "paths")
		if len(paths) == 0 {
			out = append(out, traffic{host: host})
		}
		for _, path := range paths {
			value, _, _ := unstructured.NestedString(path, "path")
			kind, _, _ := unstructured.NestedString(path, "pathType")
			out = append(out, routeOf(host, value, kind == "Exact"))
		}
	}
	return out
}

func httpRoutes(object *unstructured.Unstructured) (out []traffic) {
	hosts, _, _ := unstructured.NestedStringSlice(object.Object, "spec", "hostnames")
	if len(hosts) == 0 {
		hosts = []string{""}
	}
	for _, host := range hosts {
		for _, rule := range listAt(object.Object, "spec", "rules") {
			matches := listAt(rule, "matches")
			if len(matches) == 0 {
				out = append(out, traffic{host: host})
			}
			for _, match := range matches {
				value, _, _ := unstructured.NestedString(match, "path", "value")
				kind, _, _ := unstructured.NestedString(match, "path", "type")
				out = append(out, routeOf(host, value, kind == "Exact"))
			}
		}
	}
	return out
}

func openshiftRoutes(object *unstructured.Unstructured) []traffic {
	host, _, _ := unstructured.NestedString(object.Object, "spec", "host")
	if host == "" {
		return nil // it gets one of its own
	}
	path, _, _ := unstructured.NestedString(object.Object, "spec", "path")
	return []traffic{routeOf(host, path, false)}
}

// listAt returns the objects of a list that lies at the path.
func listAt(object map[string]any, path ...string) (out []map[string]any) {
	list, _, _ := unstructured.NestedSlice(object, path...)
	for _, item := range list {
		if fields, ok := item.(map[string]any); ok {
			out = append(out, fields)
		}
	}
	return out
}
