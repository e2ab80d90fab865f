package diff

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Field is one value that differs. Nil is no value: Kubernetes has no null. Where
// items of a list only change places, From and To are their names.
type Field struct {
	Path string `json:"path"`
	From any    `json:"from"`
	To   any    `json:"to"`
	Left any    `json:"left,omitempty"` // what stands there in the end, though it is given up: another's, or a default
}

// Fields returns the values by which two states differ, in the order of their
// paths: of maps each key's, of lists each item's where items can be told apart by
// name or by place, else the list's as a whole. left is what stands in the end at
// the paths of both; nil where it is not known.
func Fields(before, after, left map[string]any, hide Hide) []Field {
	return values{valueOf(before), valueOf(after), valueOf(left)}.fields(nil, hide)
}

// valueOf makes no value of no map.
func valueOf(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

// values stand at one path.
type values struct{ before, after, left any }

func (v values) fields(at Path, hide Hide) []Field {
	if reflect.DeepEqual(v.before, v.after) {
		return nil
	}
	if was, is, ok := both[map[string]any](v.before, v.after); ok && len(was)+len(is) > 0 {
		var out []Field
		left, _ := v.left.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(union(was, is))) {
			out = append(out, values{was[key], is[key], left[key]}.fields(at.key(key), hide)...)
		}
		return out
	}
	if was, is, ok := both[[]any](v.before, v.after); ok && len(was)+len(is) > 0 {
		left, _ := v.left.([]any)
		if former, later, apart := byName(was, is); apart {
			return items(former, later, left, at, hide)
		}
		if len(was) == len(is) {
			return byPlace(was, is, left, at, hide)
		}
	}
	return []Field{v.field(at, hide)}
}

// both returns two values of one type; no value is an empty one.
func both[T any](before, after any) (was, is T, ok bool) {
	was, wasOne := before.(T)
	is, isOne := after.(T)
	return was, is, (wasOne || before == nil) && (isOne || after == nil)
}

func union(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b)
	return out
}

// items compares the items of two lists that are told apart by their names.
func items(was, is []item, left []any, at Path, hide Hide) []Field {
	var out []Field
	if stayed, stays := common(was, is), common(is, was); !slices.Equal(stayed, stays) {
		out = append(out, values{before: texts(stayed), after: texts(stays)}.field(at, hide))
	}
	before, after, stand := index(was), index(is), map[string]any{}
	if named, ok := named(left); ok {
		stand = index(named)
	}
	for _, name := range slices.Sorted(maps.Keys(union(before, after))) {
		out = append(out, values{before[name], after[name], stand[name]}.fields(at.named(name), hide)...)
	}
	return out
}

// byPlace compares the items of two lists of one length place by place.
func byPlace(was, is, left []any, at Path, hide Hide) []Field {
	var out []Field
	for i := range was {
		v := values{before: was[i], after: is[i]}
		if len(left) == len(is) {
			v.left = left[i]
		}
		out = append(out, v.fields(at.index(i), hide)...)
	}
	return out
}

func texts(list []string) any {
	out := make([]any, len(list))
	for i, text := range list {
		out[i] = text
	}
	return out
}

func (v values) field(at Path, hide Hide) Field {
	out := Field{Path: at.String(), From: hidden(v.before, at, hide), To: hidden(v.after, at, hide)}
	from, isText := out.From.(string)
	if to, ok := out.To.(string); ok && isText && from == to {
		out.From, out.To = from+former, to+later
	}
	if v.after == nil {
		out.Left = hidden(v.left, at, hide)
	}
	return out
}

// hidden returns a value without what must not be seen of it.
func hidden(value any, at Path, hide Hide) any {
	switch value := value.(type) {
	case nil:
		return nil
	case map[string]any:
		out := make(map[string]any, len(value))
		for key, below := range value {
			out[key] = hidden(below, at.key(key), hide)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = hidden(item, at.index(i), hide)
		}
		return out
	}
	text := fmt.Sprint(value)
	if seen := hide(at, text); seen != text {
		return seen
	}
	return value
}
