package managed

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// The server names a field as in .spec.template.spec.containers[name="api"].image; a
// person may leave out the first dot and the quotes. A dot may also be part of a key,
// as in .metadata.annotations.example.com/team: only the object tells.

var listItem = regexp.MustCompile(`^\[((?:[^"\]]|"(?:[^"\\]|\\.)*")*)\]`)

// FieldAt returns the value of a field, and whether it is there.
func FieldAt(value any, field string) (any, bool) {
	if field == "" {
		return value, true
	}
	if list, is := value.([]any); is {
		i, rest := itemAt(list, field)
		if i < 0 {
			return nil, false
		}
		return FieldAt(list[i], rest)
	}
	fields, _ := value.(map[string]any)
	for _, key := range keysAt(fields, field) {
		if found, is := FieldAt(fields[key], field[1+len(key):]); is {
			return found, true
		}
	}
	return nil, false
}

// Without returns the value without a field, which it may change in place.
func Without(value any, field string) any { return Edited(value, field, nil) }

// Edited returns the value with another content of a field, nil to remove it. A field
// that is not there stays so.
func Edited(value any, field string, content any) any {
	if list, is := value.([]any); is {
		i, rest := itemAt(list, field)
		switch {
		case i < 0:
		case rest == "" && content == nil:
			return slices.Delete(list, i, i+1)
		default:
			list[i] = Edited(list[i], rest, content)
		}
		return list
	}
	if field == "" {
		return content
	}
	fields, _ := value.(map[string]any)
	for _, key := range keysAt(fields, field) {
		rest := field[1+len(key):]
		if _, is := FieldAt(fields[key], rest); !is {
			continue
		}
		if rest == "" && content == nil {
			delete(fields, key)
		} else {
			fields[key] = Edited(fields[key], rest, content)
		}
		break
	}
	return value
}

// keysAt returns the keys with which a field may begin, the longest first.
func keysAt(fields map[string]any, field string) []string {
	var out []string
	for key := range fields {
		rest, begins := strings.CutPrefix(field, "."+key)
		if begins && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

// itemAt returns the place of the item that a field begins with, and the rest; -1
// where there is none.
func itemAt(list []any, field string) (int, string) {
	match := listItem.FindStringSubmatch(field)
	if match == nil {
		return -1, ""
	}
	i := slices.IndexFunc(list, func(item any) bool { return itemIs(item, match[1]) })
	return i, field[len(match[0]):]
}

// itemIs reports whether an item is what stands between the brackets: its keys, as in
// name="api",port=80, or for a list of values the value, as in ="x".
func itemIs(item any, keys string) bool {
	fields, _ := item.(map[string]any)
	for _, pair := range splitPairs(keys) {
		key, text, _ := strings.Cut(pair, "=")
		found := any(item)
		if key != "" {
			found = fields[key]
		}
		if key == "protocol" && found == nil { // the one key of items that has a default
			found = "TCP"
		}
		var wanted any
		if json.Unmarshal([]byte(text), &wanted) != nil {
			wanted = text // a person left out the quotes
		}
		if !Equal(found, wanted) {
			return false
		}
	}
	return true
}

var pairs = regexp.MustCompile(`(?:[^",]|"(?:[^"\\]|\\.)*")+`)

func splitPairs(keys string) []string { return pairs.FindAllString(keys, -1) }

// Plain is a field as a person writes it: spec.template.spec.containers[name=api].image.
func Plain(field string) string {
	return strings.ReplaceAll(strings.TrimPrefix(field, "."), `"`, "")
}
