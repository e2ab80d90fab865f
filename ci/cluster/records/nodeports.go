package records

import (
	"cmp"
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// allocated returns the node ports that the API server has chosen for a Service and that
// another type takes from it, as a Service that holds nothing else; nil if there are none.
// What lies before a cluster, a firewall or a load balancer, may lead to them.
func allocated(live, wanted *unstructured.Unstructured) *unstructured.Unstructured {
	if !isService(live) || !onNodes(live) || onNodes(wanted) {
		return nil
	}
	var ports []any
	for _, port := range portsOf(live) {
		if port["nodePort"] != nil {
			ports = append(ports, map[string]any{"port": port["port"], "protocol": port["protocol"], "nodePort": port["nodePort"]})
		}
	}
	if ports == nil {
		return nil
	}
	out := managed.Reduced(live, nil)
	out.Object["spec"] = map[string]any{"ports": ports}
	return out
}

func isService(object *unstructured.Unstructured) bool {
	return object.GroupVersionKind() == corev1.SchemeGroupVersion.WithKind("Service")
}

func onNodes(service *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(service.Object, "spec", "type")
	return kind == string(corev1.ServiceTypeNodePort) || kind == string(corev1.ServiceTypeLoadBalancer)
}

func portsOf(service *unstructured.Unstructured) (out []map[string]any) {
	ports, _, _ := unstructured.NestedFieldNoCopy(service.Object, "spec", "ports")
	list, _ := ports.([]any)
	for _, port := range list {
		if fields, ok := port.(map[string]any); ok {
			out = append(out, fields)
		}
	}
	return out
}

// reallocate asks for the node ports that a Service had, together with its former fields:
// once it has got others these cannot be changed back without a moment on both. Whoever
// restores the fields alone next gives up the ports, and the API server leaves them as they
// are. Ports that somebody else has by now are lost, which is no failure.
func reallocate(ctx context.Context, c *cluster.Cluster, former *unstructured.Unstructured, ports []*unstructured.Unstructured) {
	i := slices.IndexFunc(ports, func(p *unstructured.Unstructured) bool { return managed.Describe(p) == managed.Describe(former) })
	if i < 0 {
		return
	}
	asked := former.DeepCopy()
	for _, port := range portsOf(asked) {
		for _, had := range portsOf(ports[i]) {
			if port["port"] == had["port"] && cmp.Or(protocol(port), "TCP") == protocol(had) && port["nodePort"] == nil {
				port["nodePort"] = had["nodePort"]
			}
		}
	}
	if found, err := c.Resource(ctx, asked); err == nil {
		_, _, _ = force(ctx, c, found, asked, managed.FieldManager)
	}
}

func protocol(port map[string]any) string {
	name, _ := port["protocol"].(string)
	return name
}
