package managed

import (
	"encoding/json"
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The API server records which fields of an object each manager set, and takes a
// field away from a manager when another changes its value. What is recorded as
// ours therefore still has the value that we gave it, and is all that we gave
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).

// OurFields returns what the record of our last apply names, in the format
// FieldsV1. A Secret's stringData is recorded as it was written, though the server
// keeps the values in data and shows them nowhere else.
func OurFields(live *unstructured.Unstructured) map[string]any {
	entry := Applied(live)
	var fields map[string]any
	if entry == nil || entry.FieldsV1 == nil || json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
		return nil
	}
	if texts := children(fields["f:stringData"]); live.GetKind() == "Secret" && len(texts) > 0 {
		fields["f:data"] = Merged(children(fields["f:data"]), texts)
	}
	return fields
}

// Merged returns the fields that either set names.
func Merged(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	for name, below := range b {
		if _, both := a[name]; both && len(children(a[name])) > 0 && len(children(below)) > 0 {
			below = Merged(children(a[name]), children(below))
		} else if both {
			below = map[string]any{} // one names all of it
		}
		out[name] = below
	}
	return out
}

// OwnedFields returns the object reduced to what we set on it: applied again, it
// puts these fields back and gives up all others. An object that we never applied
// is reduced to its name.
func OwnedFields(live *unstructured.Unstructured) *unstructured.Unstructured {
	return Reduced(live, OurFields(live))
}

// Reduced returns the object with the fields of a set alone, and its name.
func Reduced(live *unstructured.Unstructured, fields map[string]any) *unstructured.Unstructured {
	out := &unstructured.Unstructured{Object: map[string]any{}}
	if len(fields) > 0 {
		if kept, ok := pick(live.Object, fields).(map[string]any); ok {
			out.Object = kept
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
		return Equal(want, item)
	case "k":
		keys, _ := want.(map[string]any)
		fields, ok := item.(map[string]any)
		for key, value := range keys {
			ok = ok && Equal(value, fields[key])
		}
		return ok && len(keys) > 0
	}
	return false
}

// Overwritten returns the object reduced to the values that wanted would change and
// that are not ours: those that admission or a default had set when it was made, for
// what another manager has set is a conflict. It returns nil when there are none.
func Overwritten(live, wanted *unstructured.Unstructured) *unstructured.Unstructured {
	found := unlike(live.Object, wanted.Object, OwnedFields(live).Object)
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
			if set && !owned && !Equal(before, after) {
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

// Equal compares two scalars, one of which may hold its number as float64.
func Equal(a, b any) bool {
	left, leftErr := json.Marshal(a)
	right, rightErr := json.Marshal(b)
	return leftErr == nil && rightErr == nil && string(left) == string(right)
}
