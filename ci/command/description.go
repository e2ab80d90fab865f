package command

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	nodes "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

var applicationName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$`)

// parseApplication reads what an application's file says, beside what is by convention.
// Errors are one line and name the field, and where it can be known the line.
func parseApplication(content []byte) (pipeline.Application, error) {
	app := conventions
	lines, err := linesOf(content)
	if err != nil {
		return app, err
	}
	if err := yaml.UnmarshalStrict(content, &app); err != nil {
		return app, unreadable(err, lines)
	}
	switch {
	case !applicationName.MatchString(app.Name):
		return app, errors.New("name: want lower case letters, digits and dashes, at most 42")
	case app.Passed == "" && len(app.Functional)+len(app.Production) > 0:
		return app, errors.New("passed: give what the output of tests that really ran contains")
	}
	return app, nil
}

// linesOf returns the line of each field; a field that an application does not have is an
// error that says which it may have been meant to be.
func linesOf(content []byte) (map[string]int, error) {
	var document nodes.Node
	if err := nodes.Unmarshal(content, &document); err != nil {
		return nil, errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	lines := map[string]int{}
	if len(document.Content) == 0 || document.Content[0].Kind != nodes.MappingNode {
		return lines, nil
	}
	known, pairs := fieldsOfApplication(), document.Content[0].Content
	for i := 0; i+1 < len(pairs); i += 2 {
		field := pairs[i]
		if lines[field.Value] = field.Line; slices.Contains(known, field.Value) {
			continue
		}
		hint := "known are " + strings.Join(known, ", ")
		nearest := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(distance(field.Value, a), distance(field.Value, b)) })
		if distance(field.Value, nearest) <= max(1, len(field.Value)/3) {
			hint = "is it " + nearest + "?"
		}
		return nil, fmt.Errorf("line %d: unknown field %q: %s", field.Line, field.Value, hint)
	}
	return lines, nil
}

// fieldsOfApplication are the names of the fields in their order.
func fieldsOfApplication() []string {
	var out []string
	for field := range reflect.TypeFor[pipeline.Application]().Fields() {
		out = append(out, field.Tag.Get("json"))
	}
	return out
}

var mistyped = regexp.MustCompile(`cannot unmarshal (\w+) into Go struct field Application\.(\w+) of type (.*)`)

// typeWords are Go's types as an author of YAML knows them.
var typeWords = map[string]string{"string": "text", "int": "a whole number", "[]string": "a list of texts"}

// unreadable takes Go's types out of an error.
func unreadable(err error, lines map[string]int) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if found := mistyped.FindStringSubmatch(text); found != nil {
		want := cmp.Or(typeWords[found[3]], found[3])
		return fmt.Errorf("line %d: %s: want %s, not %s", lines[found[2]], found[2], want, cmp.Or(typeWords[found[1]], found[1]))
	}
	return errors.New(strings.TrimPrefix(text, "error unmarshaling JSON: while decoding JSON: "))
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
