package managed

import (
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Applied returns the record of our last apply to the object, or nil.
func Applied(live *unstructured.Unstructured) *metav1.ManagedFieldsEntry {
	for _, entry := range live.GetManagedFields() {
		if IsOurs(entry) {
			return &entry
		}
	}
	return nil
}

// AsApplied reports whether the object is known to be as wanted without asking
// the server: what we own of it is what we would apply. False means only that it
// is not known: a value may be written in another way than the server stores it.
// The run's label does not count: an unchanged object keeps the label of the run
// that last wrote it.
func AsApplied(live, wanted *unstructured.Unstructured) bool {
	entry := Applied(live)
	if entry == nil || entry.APIVersion != wanted.GetAPIVersion() || live.GetDeletionTimestamp() != nil {
		return false
	}
	return equality.Semantic.DeepEqual(Content(OwnedFields(live)), Content(wanted))
}

// Content is an object without what names it and without the run's label.
func Content(object *unstructured.Unstructured) map[string]any {
	out := object.DeepCopy()
	unstructured.RemoveNestedField(out.Object, "metadata", "labels", LabelRun)
	for _, field := range []string{"name", "namespace", "creationTimestamp"} {
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	if labels, found, _ := unstructured.NestedMap(out.Object, "metadata", "labels"); found && len(labels) == 0 {
		unstructured.RemoveNestedField(out.Object, "metadata", "labels")
	}
	if metadata, _, _ := unstructured.NestedMap(out.Object, "metadata"); len(metadata) == 0 {
		delete(out.Object, "metadata")
	}
	return out.Object
}

// Same reports whether two states of an object differ in nothing that a user
// wrote, the run's label aside.
func Same(a, b *unstructured.Unstructured) bool {
	return equality.Semantic.DeepEqual(written(a), written(b))
}

func written(object *unstructured.Unstructured) map[string]any {
	out := object.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(out.Object, "metadata", "labels", LabelRun)
	unstructured.RemoveNestedField(out.Object, "status")
	return out.Object
}

// IsOurs reports whether an entry is the record of our apply.
func IsOurs(entry metav1.ManagedFieldsEntry) bool {
	return entry.Manager == FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == ""
}
