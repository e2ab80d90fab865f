package manifest

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// leaveForeignPods removes the selector labels from NetworkPolicy peers with a namespaceSelector. Kustomize adds them to every
// peer, but pods elsewhere (the cluster's DNS, the ingress controller) do not have the label of a run and would be cut off.
func leaveForeignPods(objects []*unstructured.Unstructured, labels map[string]string) {
	for _, object := range objects {
		if object.GetKind() != "NetworkPolicy" {
			continue
		}
		for direction, end := range map[string]string{"ingress": "from", "egress": "to"} {
			rules, _, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", direction)
			for _, rule := range items(rules) {
				for _, peer := range items(rule[end]) {
					leaveForeignPod(peer, labels)
				}
			}
		}
	}
}

func leaveForeignPod(peer map[string]any, labels map[string]string) {
	pods, _, _ := unstructured.NestedFieldNoCopy(peer, "podSelector", "matchLabels")
	match, ok := pods.(map[string]any)
	if !ok || peer["namespaceSelector"] == nil {
		return
	}
	for key := range labels {
		delete(match, key)
	}
}

// items returns the objects in a JSON list, and none if value is not a list.
func items(value any) []map[string]any {
	list, _ := value.([]any)
	var objects []map[string]any
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}
