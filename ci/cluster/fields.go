package cluster

import (
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The API server records which fields of an object each manager set, and takes a
// field away from a manager when another changes its value. What is recorded as
// ours therefore still has the value that we gave it, and is all that we gave
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).

// applied returns the record of our last apply to the object, or nil.
func applied(live *unstructured.Unstructured) *metav1.ManagedFieldsEntry {
	for _, entry := range live.GetManagedFields() {
		if entry.Manager == FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" {
			return &entry
		}
	}
	return nil
}

// ownedFields returns the object reduced to what we set on it: applied again, it
// puts these fields back and gives up all others. An object that we never applied
// is reduced to its name.
func ownedFields(live *unstructured.Unstructured) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: map[string]any{}}
	if entry := applied(live); entry != nil && entry.FieldsV1 != nil {
		var fields map[string]any
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) == nil && len(fields) > 0 {
			if kept, ok := pick(live.Object, fields).(map[string]any); ok {
				out.Object = kept
			}
		}
	}
	out.SetGroupVersionKind(live.GroupVersionKind())
	out.SetNamespace(live.GetNamespace())
	out.SetName(live.GetName())
	return out
}

// pick returns the part of a value that a set of fields names, in the format
// FieldsV1: "f:NAME" is a field, "k:KEYS" and "v:VALUE" are items of a list, "."
// is the value itself; without any of the first three it is all of the value.
func pick(value any, fields map[string]any) any {
	if len(fields) == 0 {
		return value
	}
	switch value := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, below := range fields {
			if name, ok := strings.CutPrefix(name, "f:"); ok && value[name] != nil {
				out[name] = pick(value[name], children(below))
			}
		}
		return out
	case []any:
		return pickItems(value, fields)
	}
	return value
}

// pickItems keeps the list's own order.
func pickItems(list []any, fields map[string]any) []any {
	out := []any{}
	for _, item := range list {
		for name, below := range fields {
			if names(name, item) {
				out = append(out, pick(item, children(below)))
				break
			}
		}
	}
	return out
}

func children(below any) map[string]any {
	fields, _ := below.(map[string]any)
	return fields
}

// names reports whether an element of a FieldsV1 set names the item of a list.
func names(element string, item any) bool {
	var want any
	kind, text, _ := strings.Cut(element, ":")
	if json.Unmarshal([]byte(text), &want) != nil {
		return false
	}
	switch kind {
	case "v":
		return equal(want, item)
	case "k":
		keys, _ := want.(map[string]any)
		fields, ok := item.(map[string]any)
		for key, value := range keys {
			ok = ok && equal(value, fields[key])
		}
		return ok && len(keys) > 0
	}
	return false
}

// overwritten returns the object reduced to the values that wanted would change and
// that are not ours: those that admission or a default had set when it was made, for
// what another manager has set is a conflict. It returns nil when there are none.
func overwritten(live, wanted *unstructured.Unstructured) *unstructured.Unstructured {
	found := unlike(live.Object, wanted.Object, ownedFields(live).Object)
	if found == nil {
		return nil
	}
	out := &unstructured.Unstructured{Object: found}
	out.SetGroupVersionKind(live.GroupVersionKind())
	out.SetNamespace(live.GetNamespace())
	out.SetName(live.GetName())
	return out
}

// unlike picks from a map what another would change, what is ours aside. Lists are
// left out: no default is known that makes one and that a later change does not
// make again.
func unlike(live, wanted, ours map[string]any) map[string]any {
	var out map[string]any
	for key, after := range wanted {
		before, set := live[key]
		_, owned := ours[key]
		var picked any
		switch before := before.(type) {
		case map[string]any:
			if after, ok := after.(map[string]any); ok {
				if below := unlike(before, after, children(ours[key])); below != nil {
					picked = below
				}
			}
		case []any:
		default:
			if set && !owned && !equal(before, after) {
				picked = before
			}
		}
		if picked != nil {
			if out == nil {
				out = map[string]any{}
			}
			out[key] = picked
		}
	}
	return out
}

// equal compares two scalars, one of which may hold its number as float64.
func equal(a, b any) bool {
	left, leftErr := json.Marshal(a)
	right, rightErr := json.Marshal(b)
	return leftErr == nil && rightErr == nil && string(left) == string(right)
}

// asApplied reports whether the object is known to be as wanted without asking
// the server: what we own of it is what we would apply. False means only that it
// is not known: a value may be written in another way than the server stores it.
// The run's label does not count: an unchanged object keeps the label of the run
// that last wrote it.
func asApplied(live, wanted *unstructured.Unstructured) bool {
	entry := applied(live)
	if entry == nil || entry.APIVersion != wanted.GetAPIVersion() || live.GetDeletionTimestamp() != nil {
		return false
	}
	return equality.Semantic.DeepEqual(content(ownedFields(live)), content(wanted))
}

// content is an object without what names it and without the run's label.
func content(object *unstructured.Unstructured) map[string]any {
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

// same reports whether two states of an object differ in nothing that a user
// wrote, the run's label aside.
func same(a, b *unstructured.Unstructured) bool {
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
