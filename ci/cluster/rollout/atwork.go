package rollout

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// AtWork returns what the controller of a load balancer or a Gateway that has no address yet
// says that it is at; empty where none is at work. Clouds take minutes for these two, which
// says nothing about the application.
func AtWork(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured) string {
	for _, object := range objects {
		addresses := addressesOf(object)
		if addresses == nil {
			continue
		}
		resource, err := c.Resource(ctx, object)
		if err != nil {
			continue
		}
		live, err := c.Get(ctx, resource, object)
		if err != nil {
			continue
		}
		if there, _, _ := unstructured.NestedSlice(live.Object, addresses...); len(there) > 0 {
			continue
		}
		if doing := c.AtWork(ctx, object); doing != "" {
			return managed.Name(object.GetKind(), object.GetNamespace(), object.GetName()) + ": " + doing
		}
	}
	return ""
}

// addressesOf are the fields where a controller publishes what it has made for an object; nil
// where nothing outside of the cluster is made.
func addressesOf(object *unstructured.Unstructured) []string {
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "type")
	switch {
	case object.GetKind() == "Service" && kind == "LoadBalancer":
		return []string{"status", "loadBalancer", "ingress"}
	case object.GetKind() == "Gateway" && object.GroupVersionKind().Group == gatewayGroup:
		return []string{"status", "addresses"}
	}
	return nil
}
