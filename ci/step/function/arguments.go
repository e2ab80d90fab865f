package function

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/description"
)

// arguments writes those of a call as GraphQL does, (name: value, ...), or nothing where there are none.
func (f *Function) arguments(ctx context.Context, s description.Step, known Known) (string, error) {
	given, err := f.given(s)
	if err != nil {
		return "", err
	}
	var out []string
	for _, p := range f.Args {
		value, ok := given[p.Name]
		if !ok && !p.optional() {
			return "", fmt.Errorf("function %s needs the argument %s (%s)", f.Name, p.Name, p.Type)
		}
		if !ok || p.optional() && unknown(value, known) {
			continue
		}
		literal, err := convert(ctx, p.Type, value, known)
		switch {
		case errors.Is(err, errNoService) && p.optional():
			continue
		case err != nil:
			return "", fmt.Errorf("argument %s: %w", p.Name, err)
		}
		out = append(out, p.Name+": "+literal)
	}
	if len(out) == 0 {
		return "", nil
	}
	return "(" + strings.Join(out, ", ") + ")", nil
}

// given are the values that a step gives, by the names that the function has for its arguments.
func (f *Function) given(s description.Step) (map[string]any, error) {
	values := map[string]any{}
	add := func(name string, value any) error {
		var known []string
		for _, p := range f.Args {
			if plain(p.Name) != plain(name) {
				known = append(known, p.Name)
				continue
			}
			if _, twice := values[p.Name]; twice {
				return fmt.Errorf("argument %s is given twice", p.Name)
			}
			values[p.Name] = value
			return nil
		}
		return fmt.Errorf("function %s has no argument %s; it takes %s", f.Name, name, orNone(known))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Args)) {
		if err := add(name, s.Args[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		if err := add(name, s.Secrets[name]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// unknown reports whether a value is of variables alone of which none is known: after a failure there may be no DIGEST.
func unknown(value any, known Known) bool {
	text, ok := value.(string)
	return ok && text != "" && description.Variable.ReplaceAllString(text, "") == "" && !slices.ContainsFunc(description.Variable.FindAllStringSubmatch(text, -1),
		func(found []string) bool { return folder(found[1]) || known.Text(found[1]) != "" })
}

// folder reports whether a variable is one.
func folder(variable string) bool {
	return variable == description.SourceVariable || variable == description.ReportVariable
}
