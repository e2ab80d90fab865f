package description

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// What only the arguments of a function can refer to: folders.
const (
	SourceVariable = "SOURCE"
	ReportVariable = "REPORT"
)

// Variable matches what is replaced in a function's arguments. In small letters it would be a shell's.
var Variable = regexp.MustCompile(`\$\(([A-Z]+)\)`)

// pinnedModule is one elsewhere by its commit: a tag or a branch may mean another one tomorrow.
var pinnedModule = regexp.MustCompile(`^[^@\s]+(@[^@\s]+)?@[0-9a-f]{40}$`) // git@host:repository, too

// functionName is one as in Go, or as dagger call writes it.
var functionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$`)

// ModuleFolder is the module's folder in the repository, where it is not one elsewhere.
func (s Step) ModuleFolder() (folder string, ok bool) {
	if s.Module == "." || s.Module == ".." {
		return s.Module, true
	}
	return s.Module, strings.HasPrefix(s.Module, "./") || strings.HasPrefix(s.Module, "../")
}

// called checks a step that is a module's function, and returns the field that is wrong.
func (s Step) called() (field string, err error) {
	_, local := s.ModuleFolder()
	switch {
	case s.Function == "":
		return "/module", errors.New("give the module's function")
	case !functionName.MatchString(s.Function):
		return "/function", fmt.Errorf("function %s: want a name as dagger call has it, scan-source or scanSource", s.Function)
	case !local && !pinnedModule.MatchString(s.Module):
		return "/module", fmt.Errorf("module %s: a tag or a branch moves: end it in @ and the full commit of 40 digits; a folder of the repository begins with ./", s.Module)
	case len(s.Command) > 0 || len(s.Env) > 0 || s.Dockerfile != "":
		return "", errors.New("a module's function has neither command, env nor dockerfile: give it args and secrets")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Args)) {
		if err := s.argument(name, s.Args[name]); err != nil {
			return "/args/" + name, fmt.Errorf("args.%s: %w", name, err)
		}
	}
	return "", nil
}

// argument checks the value of one as far as it can be without the function.
func (s Step) argument(name string, value any) error {
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			if _, nested := one.([]any); nested {
				return errors.New("want a list of texts, numbers or truth values")
			}
			if err := s.argument(name, one); err != nil {
				return err
			}
		}
	case string:
		for _, found := range Variable.FindAllStringSubmatch(value, -1) {
			if err := s.knows(found[1]); err != nil {
				return err
			}
		}
	case nil, map[string]any:
		return errors.New("want a text, a number, true or false, or a list of those")
	}
	return nil
}

// knows checks that a variable means something where the step stands.
func (s Step) knows(variable string) error {
	known := []string{"VERSION", "COMMIT", "IMAGE", "DIGEST", SourceVariable, ReportVariable}
	switch s.At {
	case BeforeDeploy:
		known = append(known, "ENVIRONMENT")
	case AfterDeploy, AfterProduction:
		known = append(known, "ENVIRONMENT", "ADDRESS")
	case Always:
		known = append(known, "ADDRESS", "RESULT")
	}
	if !slices.Contains(known, variable) {
		return fmt.Errorf("$(%s) is not known %s: known are %s", variable, s.At, strings.Join(known, ", "))
	}
	return nil
}

// buildArgs checks the arguments of a target, which are texts.
func (s Step) buildArgs() (field string, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.Args)) {
		if _, ok := s.Args[name].(string); !ok {
			return "/args/" + name, fmt.Errorf("args.%s: want text: put it in quotes", name)
		}
	}
	return "", nil
}

// forBuild makes the arguments of a target those of its build.
func (s *Step) forBuild() {
	if s.Module != "" || len(s.Args) == 0 {
		return
	}
	s.Build.Args = maps.Clone(s.Build.Args)
	if s.Build.Args == nil {
		s.Build.Args = map[string]string{}
	}
	for name, value := range s.Args {
		s.Build.Args[name] = fmt.Sprint(value)
	}
	s.Args = nil
}

// placeModule puts the application's folder before that of a module in the repository.
func (s *Step) placeModule(tree fs.FS, folder string) error {
	given, local := s.ModuleFolder()
	if !local {
		return nil
	}
	below := path.Join(folder, given)
	if !fs.ValidPath(below) {
		return fmt.Errorf("module %s lies above --source: give --source the folder above, with --application %s", given, folder)
	}
	if !exists(tree, path.Join(below, "dagger.json")) {
		return fmt.Errorf("module %s has no dagger.json: want the folder of a Dagger module", given)
	}
	s.Module = "./" + below
	return nil
}
