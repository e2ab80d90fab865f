package cluster

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Resource is where the API server keeps an object.
type Resource struct {
	Gvr        schema.GroupVersionResource
	Namespaced bool
}

// Resource finds it: Kubernetes' own kinds without a request, others through
// discovery, which is asked once per Cluster, or what a plan's own definitions say.
func (c *Cluster) Resource(ctx context.Context, object *unstructured.Unstructured) (Resource, error) {
	gvk := object.GroupVersionKind()
	mapping, err := OwnKinds().RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		mapping, err = c.mapper.RESTMappingWithContext(ctx, gvk.GroupKind(), gvk.Version)
	}
	found, defined := c.defined.get(gvk)
	switch {
	case err == nil:
		found = Resource{Gvr: mapping.Resource, Namespaced: mapping.Scope.Name() == meta.RESTScopeNameNamespace}
	case !defined:
		return Resource{}, FromAPI(ctx, managed.Describe(object), "look up its kind", err)
	}
	if found.Namespaced && object.GetNamespace() == "" {
		return Resource{}, &Error{Class: Misconfigured, Object: managed.Describe(object), Cause: "has no namespace"}
	}
	return found, nil
}

// In returns the client for the resource in a namespace.
func (c *Cluster) In(r Resource, namespace string) dynamic.ResourceInterface {
	if !r.Namespaced {
		return c.Dynamic.Resource(r.Gvr)
	}
	return c.Dynamic.Resource(r.Gvr).Namespace(namespace)
}

// Get returns the live object, or nil when there is none.
func (c *Cluster) Get(ctx context.Context, r Resource, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live, err := c.In(r, object.GetNamespace()).Get(ctx, object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return live, FromAPI(ctx, managed.Describe(object), "read", err)
}

// Kinds returns what the server has, in its preferred versions; a group whose own server
// is away is left out.
func (c *Cluster) Kinds(ctx context.Context) ([]*metav1.APIResourceList, error) {
	kinds, err := discovery.ServerPreferredResourcesWithContext(ctx, c.known)
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, FromAPI(ctx, "cluster "+c.config.Host, "look up its kinds", err)
	}
	return kinds, nil
}
