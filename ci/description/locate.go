package description

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	nodes "sigs.k8s.io/kustomize/kyaml/yaml"
)

// positions is where each value stands in a file, by its JSON pointer; a field stands
// where its name does.
type positions map[string]*nodes.Node

// locate finds the values of a YAML document.
func locate(content []byte) (positions, error) {
	var document, second nodes.Node
	decoder := nodes.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, fmt.Errorf("line %d: there is a second document: want one", second.Line)
	}
	found := positions{}
	if len(document.Content) > 0 {
		found.add("", document.Content[0], document.Content[0])
	}
	return found, nil
}

func (p positions) add(pointer string, at, value *nodes.Node) {
	p[pointer] = at
	switch value.Kind {
	case nodes.MappingNode:
		for i := 0; i+1 < len(value.Content); i += 2 {
			p.add(pointer+"/"+value.Content[i].Value, value.Content[i], value.Content[i+1])
		}
	case nodes.SequenceNode:
		for i, item := range value.Content {
			p.add(pointer+"/"+strconv.Itoa(i), item, item)
		}
	}
}

// has reports whether the file gives a field of the application.
func (p positions) has(field string) bool { return p["/"+field] != nil }

// error is one that begins with where the value stands.
func (p positions) error(pointer, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if at := p[pointer]; at != nil {
		return fmt.Errorf("line %d, column %d: %w", at.Line, at.Column, err)
	}
	return err
}

// explain tells the first thing in the file that the schema refuses.
func (p positions) explain(invalid *jsonschema.ValidationError) error {
	var first *jsonschema.ValidationError
	var pointer string
	for _, leaf := range leaves(invalid) {
		at := ""
		for _, token := range leaf.InstanceLocation {
			at += "/" + token
		}
		if extra, ok := leaf.ErrorKind.(*kind.AdditionalProperties); ok {
			at += "/" + slices.MinFunc(extra.Properties, func(a, b string) int { return cmp.Compare(p.line(at+"/"+a), p.line(at+"/"+b)) })
		}
		if first == nil || p.line(at) < p.line(pointer) {
			first, pointer = leaf, at
		}
	}
	return p.error(pointer, "%s", explained(first, pointer))
}

func (p positions) line(pointer string) int {
	if at := p[pointer]; at != nil {
		return at.Line
	}
	return 0
}

func leaves(e *jsonschema.ValidationError) (out []*jsonschema.ValidationError) {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	for _, cause := range e.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}

// words are JSON's types and the schema's patterns as an author of YAML knows them.
var words = map[string]string{
	"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list", "object": "fields",
	"^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$": "lower case letters, digits and dashes, at most 42", "^/": "a path that begins with a slash", "^(/[A-Za-z0-9._~-]+)+$": "a path like /beta: letters, digits, . _ ~ - between slashes", "^/.*[^/]$": "the full path of a file",

	"^[a-z][a-z0-9-]{0,38}[a-z0-9]$":       "lower case letters, digits and dashes, 2 to 40",
	"^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$":    "lower case letters, digits and dashes, at most 30, the first a letter",
	"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$": "lower case letters, digits and dashes, at most 63",
	"^https?://[^/?#@]+(/[^?#]*)?$":        "scheme and host, as in https://shop.example.com",
	`\{run\}`:                              "{run} in it, for each run has a host of its own",
}

func explained(e *jsonschema.ValidationError, pointer string) string {
	field := name(pointer)
	switch why := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		return fmt.Sprintf("unknown field %q: %s", field, hint(pointer[strings.LastIndex(pointer, "/")+1:], fieldsAt(e.InstanceLocation)))
	case *kind.Type:
		return strings.TrimPrefix(fmt.Sprintf("%s: want %s, not %s", field, words[why.Want[0]], cmp.Or(words[why.Got], "nothing")), ": ")
	case *kind.Pattern:
		return fmt.Sprintf("%s: want %s", field, cmp.Or(words[why.Want], why.Want))
	case *kind.Enum:
		return fmt.Sprintf("%s: want one of %s", field, strings.Trim(fmt.Sprint(why.Want), "[]"))
	case *kind.Required:
		return strings.TrimPrefix(field+"."+why.Missing[0], ".") + ": must be given"
	}
	return field + ": " + e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
}

// name turns /images/0/name into images[0].name.
func name(pointer string) string {
	var out strings.Builder
	for _, token := range strings.Split(strings.Trim(pointer, "/"), "/") {
		if _, err := strconv.Atoi(token); err == nil {
			out.WriteString("[" + token + "]")
			continue
		}
		if out.Len() > 0 {
			out.WriteString(".")
		}
		out.WriteString(token)
	}
	return out.String()
}

// fieldsAt are the names of the fields that the schema has there.
func fieldsAt(location []string) []string {
	at := compiled()
	for _, token := range location {
		if at = resolved(at); at.Items2020 != nil {
			at = at.Items2020
		} else {
			at = at.Properties[token]
		}
	}
	return slices.Sorted(maps.Keys(resolved(at).Properties))
}

func resolved(at *jsonschema.Schema) *jsonschema.Schema {
	for at.Ref != nil {
		at = at.Ref
	}
	return at
}

// hint says which of the known fields was meant, or lists them.
func hint(field string, known []string) string {
	nearest := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(distance(field, a), distance(field, b)) })
	if distance(field, nearest) <= max(1, len(field)/3) {
		return "is it " + nearest + "?"
	}
	return "known are " + strings.Join(known, ", ")
}

// distance is how many letters must be changed, added or removed to come from one name to
// another; case, dashes and underscores count for nothing.
func distance(a, b string) int {
	plain := strings.NewReplacer("-", "", "_", "")
	a, b = strings.ToLower(plain.Replace(a)), strings.ToLower(plain.Replace(b))
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal, row[j+1] = row[j+1], min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
