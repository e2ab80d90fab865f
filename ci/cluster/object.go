package cluster

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// FieldManager is the name under which the API server records our fields.
const FieldManager = "slipway"

// Labels and their values on what this package writes.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by" // always FieldManager
	LabelVersion   = "app.kubernetes.io/version"    // that the object belongs to
	LabelRun       = "slipway.dev/run"              // the run that wrote the object
	LabelRecord    = "slipway.dev/record"           // "run", "release" or "undo": our own bookkeeping
)

// describe names an object for people: "Deployment go-demo/api".
func describe(object *unstructured.Unstructured) string {
	return name(object.GetKind(), object.GetNamespace(), object.GetName())
}

func name(kind, namespace, name string) string {
	if namespace == "" {
		return kind + " " + name
	}
	return kind + " " + namespace + "/" + name
}

// resource is where the API server keeps an object.
type resource struct {
	gvr        schema.GroupVersionResource
	namespaced bool
}

// resource finds it: Kubernetes' own kinds without a request, others through
// discovery, which is asked once per Cluster, or what a plan's own definitions say.
func (c *Cluster) resource(ctx context.Context, object *unstructured.Unstructured) (resource, error) {
	gvk := object.GroupVersionKind()
	mapping, err := ownKinds().RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		mapping, err = c.mapper.RESTMappingWithContext(ctx, gvk.GroupKind(), gvk.Version)
	}
	found, defined := c.defined.get(gvk)
	switch {
	case err == nil:
		found = resource{gvr: mapping.Resource, namespaced: mapping.Scope.Name() == meta.RESTScopeNameNamespace}
	case !defined:
		return resource{}, fromAPI(ctx, describe(object), "look up its kind", err)
	}
	if found.namespaced && object.GetNamespace() == "" {
		return resource{}, &Error{Class: Misconfigured, Object: describe(object), Cause: "has no namespace"}
	}
	return found, nil
}

// in returns the client for the resource in a namespace.
func (c *Cluster) in(r resource, namespace string) dynamic.ResourceInterface {
	if !r.namespaced {
		return c.dynamic.Resource(r.gvr)
	}
	return c.dynamic.Resource(r.gvr).Namespace(namespace)
}

// generations remembers the generation each object had after our last write, so
// that a wait never takes an older state, out of a lagging cache, for the result.
type generations struct {
	mutex sync.Mutex
	of    map[types.UID]int64
}

func (g *generations) set(uid types.UID, generation int64) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.of == nil {
		g.of = map[types.UID]int64{}
	}
	g.of[uid] = max(generation, g.of[uid])
}

func (g *generations) get(uid types.UID) int64 {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.of[uid]
}

// key tells objects apart within one cluster.
type key struct {
	gvk             schema.GroupVersionKind
	namespace, name string
}

func keyOf(object *unstructured.Unstructured) key {
	return key{object.GroupVersionKind(), object.GetNamespace(), object.GetName()}
}

func (k key) String() string { return fmt.Sprint(name(k.gvk.Kind, k.namespace, k.name)) }
