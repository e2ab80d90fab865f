package function

import (
	"fmt"
	"slices"
	"strings"
)

// introspection asks what a module has.
const introspection = `{
  module: node(id: "%s") { ... on Module { name
    enums { asEnum { name members { name } } }
    objects { asObject { name
      constructor { args { ...parameter } }
      functions { name returnType { ...type } args { ...parameter } }
    } }
  } }
}
fragment parameter on FunctionArg { name defaultValue defaultPath defaultAddress typeDef { ...type } }
fragment type on TypeDef { kind optional ...named asList { elementTypeDef { kind optional ...named } } }
fragment named on TypeDef { asObject { name } asEnum { name } }`

// api is the answer.
type api struct {
	Module struct {
		Name    string
		Enums   []Type
		Objects []struct {
			AsObject struct {
				Name        string
				Constructor *declared
				Functions   []declared
			}
		}
	}
}

// declared is a function as its module declares it.
type declared struct {
	Name    string
	Returns Type `json:"returnType"`
	Args    []parameter
}

type parameter struct {
	Name           string
	Type           Type    `json:"typeDef"`
	Default        *string `json:"defaultValue"`
	DefaultPath    string
	DefaultAddress string
}

// optional reports whether a call need not give it.
func (p parameter) optional() bool {
	return p.Type.Optional || p.Default != nil || p.DefaultPath != "" || p.DefaultAddress != ""
}

// Type is what a function takes or returns.
type Type struct {
	Kind     string
	Optional bool
	AsObject *struct{ Name string }
	AsEnum   *struct {
		Name    string
		Members []struct{ Name string }
	}
	AsList *struct {
		Element Type `json:"elementTypeDef"`
	}
}

// object names the type of an object; empty for another.
func (t Type) object() string {
	if t.AsObject == nil {
		return ""
	}
	return t.AsObject.Name
}

// String is the type for people.
func (t Type) String() string {
	switch {
	case t.AsObject != nil:
		return t.AsObject.Name
	case t.AsEnum != nil:
		return t.AsEnum.Name
	case t.AsList != nil:
		return "a list of " + t.AsList.Element.String()
	case t.Kind == "STRING_KIND":
		return "text"
	case t.Kind == "VOID_KIND":
		return "nothing"
	}
	return strings.ToLower(strings.TrimSuffix(t.Kind, "_KIND"))
}

// supported checks that something can be made of a value of the type that is returned.
func (t Type) supported() error {
	switch object := t.object(); {
	case object != "" && slices.Contains([]string{"Directory", "File", "Container"}, object):
	case object != "" || slices.Contains([]string{"LIST_KIND", "INTERFACE_KIND", "INPUT_KIND"}, t.Kind):
		return fmt.Errorf("it returns %s: a step's returns text, a number, true or false, nothing, a Directory, a File or a Container", t)
	}
	return nil
}

// leaves reports whether there are files in a value that is returned.
func (t Type) leaves() bool { return t.AsObject != nil }

// selection is what is asked of a value that is returned.
func (t Type) selection() string {
	switch t.object() {
	case "":
		return ""
	case "File":
		return "{id name}"
	}
	return "{id}"
}

// find returns a function of the module's main object.
func (a api) find(function string) (found declared, err error) {
	var names []string
	var alike []declared
	for _, object := range a.Module.Objects {
		main := object.AsObject
		if plain(main.Name) != plain(a.Module.Name) {
			continue
		}
		if err := main.Constructor.needsNothing(); err != nil {
			return found, err
		}
		for _, one := range main.Functions {
			if one.Name == function {
				return one.with(a.Module.Enums), nil
			}
			if plain(one.Name) == plain(function) {
				alike = append(alike, one)
			}
			names = append(names, one.Name)
		}
	}
	switch len(alike) {
	case 0:
	case 1:
		return alike[0].with(a.Module.Enums), nil
	default:
		return found, fmt.Errorf("it has %s and %s: write which, as it is there", alike[0].Name, alike[1].Name)
	}
	return found, fmt.Errorf("it has no function %s, but %s", function, orNone(names))
}

// with has the values of enumerations, of which an argument has the name alone.
func (d declared) with(enums []Type) declared {
	for i := range d.Args {
		of := &d.Args[i].Type
		if of.AsList != nil {
			of = &of.AsList.Element
		}
		for _, enum := range enums {
			if of.AsEnum != nil && enum.AsEnum != nil && of.AsEnum.Name == enum.AsEnum.Name {
				of.AsEnum = enum.AsEnum
			}
		}
	}
	return d
}

// needsNothing checks that a constructor can do without arguments.
func (d *declared) needsNothing() error {
	if d == nil {
		return nil
	}
	for _, argument := range d.Args {
		if !argument.optional() {
			return fmt.Errorf("it cannot be made without an argument %s, and a step gives arguments to its function alone", argument.Name)
		}
	}
	return nil
}

// plain is a name without what dagger call and languages write in different ways.
func plain(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
