package diff

import "slices"

// item is an item of a list whose items have names, as containers, variables,
// volumes and ports have.
type item struct {
	name  string
	value map[string]any
}

// named returns the items of a list, where each is a map with a name of its own.
func named(list []any) ([]item, bool) {
	out := make([]item, len(list))
	seen := map[string]bool{}
	for i, value := range list {
		fields, _ := value.(map[string]any)
		name, _ := fields["name"].(string)
		if name == "" || seen[name] {
			return nil, false
		}
		seen[name] = true
		out[i] = item{name, fields}
	}
	return out, true
}

// byName returns the items of two lists, where both lists have named ones.
func byName(a, b []any) (was, is []item, ok bool) {
	was, wasNamed := named(a)
	is, isNamed := named(b)
	return was, is, wasNamed && isNamed
}

// common returns the names of the items that the other list has, too.
func common(list, other []item) []string {
	var out []string
	for _, one := range list {
		if slices.ContainsFunc(other, func(o item) bool { return o.name == one.name }) {
			out = append(out, one.name)
		}
	}
	return out
}

// index returns the items by name.
func index(list []item) map[string]any {
	out := map[string]any{}
	for _, one := range list {
		out[one.name] = one.value
	}
	return out
}
