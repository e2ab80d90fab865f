package function

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
)

// convert writes a value as GraphQL does, as its type wants it.
func convert(ctx context.Context, t Type, value any, known Known) (string, error) {
	if list, ok := value.([]any); ok != (t.AsList != nil) {
		return "", fmt.Errorf("want %s, not %s", t, printed(value))
	} else if ok {
		return convertList(ctx, t.AsList.Element, list, known)
	}
	if secret, ok := value.(description.Secret); ok != (t.object() == "Secret") {
		if ok {
			return "", fmt.Errorf("want %s, not a secret", t)
		}
		return "", errors.New("want a secret: give it in secrets, by a reference")
	} else if ok {
		return identified(ctx, known.Secret(secret))
	}
	if t.AsObject != nil {
		text, ok := value.(string)
		if !ok {
			return "", fmt.Errorf("want %s, not %s", t, printed(value))
		}
		return convertObject(ctx, t.AsObject.Name, text, known)
	}
	return convertScalar(t, value, known)
}

func convertList(ctx context.Context, element Type, list []any, known Known) (string, error) {
	var out []string
	for _, one := range list {
		literal, err := convert(ctx, element, one, known)
		if err != nil {
			return "", err
		}
		out = append(out, literal)
	}
	return "[" + strings.Join(out, ", ") + "]", nil
}

// convertScalar is convert for what is no list and no object.
func convertScalar(t Type, value any, known Known) (string, error) {
	text, ok := printed(value), false
	switch t.Kind {
	case "STRING_KIND", "SCALAR_KIND":
		if _, isText := value.(string); !isText {
			return "", fmt.Errorf("want text, not %s: put it in quotes", text)
		}
		text, err := filled(text, known)
		return quoted(text), err
	case "ENUM_KIND":
		ok = len(t.AsEnum.Members) == 0 && enumeration.MatchString(text) // one of the engine's own, which knows them
		for _, member := range t.AsEnum.Members {
			ok = ok || member.Name == text
		}
	case "INTEGER_KIND":
		number, err := strconv.ParseInt(text, 10, 64)
		text, ok = strconv.FormatInt(number, 10), err == nil
		if err != nil {
			text = printed(value)
		}
	case "FLOAT_KIND":
		var number float64
		if ok = json.Unmarshal([]byte(text), &number) == nil; ok && !strings.ContainsAny(text, ".eE") {
			text += ".0" // the engine takes 1 for an integer, which it does not convert
		}
	case "BOOLEAN_KIND":
		ok = text == "true" || text == "false"
	default:
		return "", fmt.Errorf("%s cannot be given by a description: have the module take text", t)
	}
	if !ok {
		return "", fmt.Errorf("want %s, not %s", t.wanted(), text)
	}
	return text, nil
}

// enumeration is how a value of one is written.
var enumeration = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// wanted is the type with its values, where those are few.
func (t Type) wanted() string {
	if t.AsEnum == nil || len(t.AsEnum.Members) == 0 {
		return t.String()
	}
	var names []string
	for _, member := range t.AsEnum.Members {
		names = append(names, member.Name)
	}
	return "one of " + strings.Join(names, ", ")
}

// errNoService is about an argument that there is nothing for.
var errNoService = errors.New("production is reached without a Service: make the argument an optional one")

// convertObject is convert for an object, which a text refers to.
func convertObject(ctx context.Context, object, text string, known Known) (string, error) {
	switch object {
	case "Directory", "File":
		found := description.Variable.FindStringSubmatch(text)
		if found == nil || !folder(found[1]) || !strings.HasPrefix(text, found[0]) {
			return "", fmt.Errorf("%s: want $(SOURCE) or $(REPORT), or what is below it, as in $(SOURCE)/web", text)
		}
		return convertPath(ctx, object, known.Folder(found[1]), strings.TrimPrefix(text, found[0]))
	case "Container":
		reference, err := filled(text, known)
		if err != nil {
			return "", err
		}
		return identified(ctx, known.Image(reference))
	case "Service":
		if text != "$(ADDRESS)" {
			return "", fmt.Errorf("%s: want $(ADDRESS)", text)
		}
		service, needed := known.Service()
		if !needed {
			return "", errNoService
		}
		return identified(ctx, service)
	}
	return "", fmt.Errorf("%s cannot be given by a description: text, numbers, true and false, lists of them, Directory, File, Container, Service and Secret can", object)
}

// convertPath is convert for what is in a folder.
func convertPath(ctx context.Context, object string, of *dagger.Directory, below string) (string, error) {
	inside := strings.TrimPrefix(path.Clean("/"+below), "/")
	switch {
	case below != "" && (below[0] != '/' || strings.Contains(below, "..")):
		return "", fmt.Errorf("%s: want a path below the folder", below)
	case object == "File" && inside == "":
		return "", errors.New("want a file, as in $(SOURCE)/go.mod")
	case of == nil:
		return "null", nil // nothing is called yet
	case object == "File":
		return identified(ctx, of.File(inside))
	case inside == "":
		return identified(ctx, of)
	}
	return identified(ctx, of.Directory(inside))
}

// filled replaces the variables of a text.
func filled(text string, known Known) (string, error) {
	for _, found := range description.Variable.FindAllStringSubmatch(text, -1) {
		if folder(found[1]) {
			return "", fmt.Errorf("%s is a folder, for an argument of type Directory", found[0])
		}
	}
	return description.Variable.ReplaceAllStringFunc(text, func(found string) string {
		return known.Text(description.Variable.FindStringSubmatch(found)[1])
	}), nil
}

// identified writes an object as GraphQL does.
func identified[T interface {
	comparable
	ID(context.Context) (dagger.ID, error)
}](ctx context.Context, object T) (string, error) {
	var none T
	if object == none {
		return "null", nil
	}
	id, err := object.ID(ctx)
	return quoted(string(id)), err
}

// quoted writes a text as GraphQL does, which is as JSON does.
func quoted(text string) string {
	out, _ := json.Marshal(text) // cannot fail
	return string(out)
}

// printed is a value as people write it.
func printed(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	out, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(out)
}
