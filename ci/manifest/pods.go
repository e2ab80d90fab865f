package manifest

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Typed returns the objects of a kind; one that is not what its kind has is left to the server.
func Typed[T any](objects []*unstructured.Unstructured, kind schema.GroupVersionKind) (out []*T) {
	for _, object := range objects {
		read := new(T)
		if object.GroupVersionKind() == kind && runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, read) == nil {
			out = append(out, read)
		}
	}
	return out
}

// PodOf returns the pods that an object makes, nil if it makes none. Custom kinds that look like a Deployment do.
func PodOf(object *unstructured.Unstructured) *corev1.PodTemplateSpec {
	for _, path := range [][]string{{"spec", "template"}, {"spec", "jobTemplate", "spec", "template"}, {}} {
		if len(path) == 0 && object.GetKind() != "Pod" {
			continue
		}
		content, _, _ := unstructured.NestedMap(object.Object, path...)
		if len(path) == 0 {
			content = map[string]any{"metadata": object.Object["metadata"], "spec": object.Object["spec"]}
		}
		var template corev1.PodTemplateSpec
		if runtime.DefaultUnstructuredConverter.FromUnstructured(content, &template) == nil && len(template.Spec.Containers) > 0 {
			return &template
		}
	}
	return nil
}

// PodsOf returns the pods that a Service selects.
func PodsOf(objects []*unstructured.Unstructured, service *corev1.Service) (out []*corev1.PodTemplateSpec) {
	if len(service.Spec.Selector) == 0 {
		return nil
	}
	for _, object := range objects {
		if template := PodOf(object); template != nil && labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(template.Labels)) {
			out = append(out, template)
		}
	}
	return out
}
