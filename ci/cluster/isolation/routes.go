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
	"github.com/slipway-cd/slipway/ci/route"
)

// traffic is requests that an object asks for.
type traffic struct {
	host  string // empty: any
	path  string // without a slash at its end
	exact bool   // this path and none below it
}

func (r traffic) String() string { return cmp.Or(r.host, "*") + cmp.Or(r.path, "/") }

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
	for _, kind := range route.Kinds {
		reading.Go(func() error {
			list, err := c.Dynamic.Resource(kind.Resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
			switch {
			case apierrors.IsNotFound(err), apierrors.IsForbidden(err) && !kinds[kind.GroupKind]:
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

func routesOf(object *unstructured.Unstructured) (out []traffic) {
	for _, r := range route.Of(object) {
		if r.Host == "" && r.Object.GetKind() == "Route" {
			continue // it gets a host of its own
		}
		out = append(out, trafficOf(r))
	}
	return out
}

// takes reports whether requests that go to live would come here: hosts that may
// be the same, and the same path or one that it begins with, character by character
// as some controllers compare. A path below is not: production at / has betas beside it.
func (r traffic) takes(live traffic) bool {
	if !route.SameHost(r.host, live.host) {
		return false
	}
	return r.path == live.path || !r.exact && strings.HasPrefix(live.path, r.path)
}

// trafficOf cuts a pattern at its first character that is none of a plain path, so
// that it covers at least what the pattern does.
func trafficOf(r route.Route) traffic {
	path := r.Path
	if at := strings.IndexAny(path, route.Pattern); at >= 0 && !r.Exact {
		path = path[:strings.LastIndex(path[:at], "/")+1]
	}
	return traffic{host: r.Host, path: strings.TrimRight(path, "/"), exact: r.Exact}
}
