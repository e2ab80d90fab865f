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
)

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

// get returns the live object, or nil when there is none.
func (c *Cluster) get(ctx context.Context, r resource, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live, err := c.in(r, object.GetNamespace()).Get(ctx, object.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return live, fromAPI(ctx, describe(object), "read", err)
}

// kinds returns what the server has, in its preferred versions; a group whose own server
// is away is left out.
func (c *Cluster) kinds(ctx context.Context) ([]*metav1.APIResourceList, error) {
	kinds, err := discovery.ServerPreferredResourcesWithContext(ctx, c.known)
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return nil, fromAPI(ctx, "cluster "+c.config.Host, "look up its kinds", err)
	}
	return kinds, nil
}
