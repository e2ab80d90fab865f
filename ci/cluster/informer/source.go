package informer

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// source lists and watches the objects of one kind in one namespace.
type source struct {
	kind    schema.GroupVersionKind // empty for a kind that is not Kubernetes' own
	example runtime.Object          // of the type of those that are read
	list    func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch   func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// sourceOf reads Kubernetes' own kinds as protobuf into their Go types, for less than
// half of what JSON costs; others are read as they are.
func sourceOf(c *cluster.Cluster, gvr schema.GroupVersionResource, namespace string) (source, error) {
	kind, own := ownKind(gvr)
	if !own {
		client := c.Dynamic.Resource(gvr).Namespace(namespace)
		return source{
			example: &unstructured.Unstructured{},
			list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
				return client.List(ctx, options)
			},
			watch: client.Watch,
		}, nil
	}
	client, err := c.RestClient(kind.GroupVersion())
	if err != nil {
		return source{}, fmt.Errorf("watch %s: %w", gvr.Resource, err)
	}
	get := func(options metav1.ListOptions) *rest.Request {
		return client.Get().NamespaceIfScoped(namespace, namespace != "").Resource(gvr.Resource).VersionedParams(&options, scheme.ParameterCodec)
	}
	example, err := scheme.Scheme.New(kind)
	return source{
		kind: kind, example: example,
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			out, err := scheme.Scheme.New(kind.GroupVersion().WithKind(kind.Kind + "List"))
			if err != nil {
				return nil, err
			}
			return out, get(options).Do(ctx).Into(out)
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.Watch = true
			return get(options).Watch(ctx)
		},
	}, err
}

// ownKind returns which of Kubernetes' own kinds is kept there. The mapper takes the
// core group's empty name for any group: events are kept in two.
func ownKind(gvr schema.GroupVersionResource) (schema.GroupVersionKind, bool) {
	kinds, _ := cluster.OwnKinds().KindsFor(gvr)
	i := slices.IndexFunc(kinds, func(kind schema.GroupVersionKind) bool { return kind.GroupVersion() == gvr.GroupVersion() })
	if i < 0 {
		return schema.GroupVersionKind{}, false
	}
	return kinds[i], true
}

// trim is an informer's transform; it may be called with its own result. What is
// read as protobuf does not say its kind.
func (s source) trim(object any) (any, error) {
	if meta, ok := object.(metav1.Object); ok {
		meta.SetManagedFields(nil)
	}
	if typed, ok := object.(runtime.Object); ok && !s.kind.Empty() {
		typed.GetObjectKind().SetGroupVersionKind(s.kind)
	}
	return object, nil
}
