package description

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Step is something of the application's own that runs between two stages.
type Step struct {
	Name string `json:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,38}[a-z0-9]$" jsonschema_description:"How messages and reports call it; none of the pipeline's own stages."`
	At   string `json:"at" jsonschema:"required,enum=after build,enum=before release,enum=before deploy,enum=after deploy,enum=after production,enum=always" jsonschema_description:"When it runs; always is before cleanup, also after a failure."`
	Build
	Image    string            `json:"image,omitempty" jsonschema:"minLength=1" jsonschema_description:"A published image, instead of a stage: the command runs in it, in a copy of the context."`
	Command  []string          `json:"command,omitempty" jsonschema_description:"The command; without it, and with a target, that image's own."`
	Module   string            `json:"module,omitempty" jsonschema:"minLength=1" jsonschema_description:"A Dagger module, instead of both: a folder of the repository, as in ./tools/scan, or one elsewhere by its full commit, as in github.com/acme/modules/scan@COMMIT."`
	Function string            `json:"function,omitempty" jsonschema:"minLength=1" jsonschema_description:"The module's function, as dagger call has it."`
	Args     map[string]any    `json:"args,omitempty" jsonschema_description:"The function's arguments, in which $(SOURCE), $(VERSION) and others are replaced; or build arguments of a target."`
	Env      map[string]string `json:"env,omitempty" jsonschema_description:"Its environment, beside what every step gets."`
	Secrets  map[string]Secret `json:"secrets,omitempty" jsonschema_description:"Variables of its environment, or arguments of a function, whose values are secrets, each by a reference: env://TOKEN, file://PATH, vault://PATH."`
	Files    []string          `json:"files,omitempty" jsonschema_description:"Files and folders that it leaves in the container, or in the folder that a function returns, and that the report keeps."`
	JUnit    string            `json:"junit,omitempty" jsonschema:"pattern=^/.*[^/]$" jsonschema_description:"The JUnit file that it leaves in the container, whose cases are in the reports."`
	SARIF    string            `json:"sarif,omitempty" jsonschema:"pattern=^/.*[^/]$" jsonschema_description:"The SARIF file that it leaves in the container, whose results are counted and kept."`
	Optional bool              `json:"optional,omitempty" jsonschema_description:"When it fails, that is only reported."`

	Environments []string `json:"environments,omitempty" jsonschema_description:"In which environments it runs, of those at before deploy, after deploy and after production; without it in each."`
}

// The places of a step.
const (
	AfterBuild      = "after build"
	BeforeRelease   = "before release"
	BeforeDeploy    = "before deploy"
	AfterDeploy     = "after deploy"
	AfterProduction = "after production"
	Always          = "always"
)

// Secret refers to a secret, as Dagger does, and never is one.
type Secret string

// secretReference begins with one of Dagger's providers (https://docs.dagger.io/features/secrets).
var secretReference = regexp.MustCompile(`^(env|file|cmd|op|vault|libsecret|aws\+sm|aws\+ps|gcp)://.+`)

// variableName is what a shell can refer to.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// stageNames are the names of the pipeline's own stages.
var stageNames = []string{"build", "functional", "release", "deploy", "production", "cleanup", "recover", "rollback", "undo", "keep-beta", "record", "betas"}

// Given are the variables that every step gets, where there is something to tell.
var Given = []string{"VERSION", "COMMIT", "IMAGE", "DIGEST", "ADDRESS", "ENVIRONMENT", "RESULT", "REPORT"}

// checkSteps finds steps that contradict themselves, or others.
func (p positions) checkSteps(steps []Step) error {
	names := map[string]bool{}
	for i, step := range steps {
		where := fmt.Sprintf("/steps/%d", i)
		switch {
		case slices.Contains(stageNames, step.Name):
			return p.error(where+"/name", "steps: %s: a stage of the pipeline has this name", step.Name)
		case names[step.Name]:
			return p.error(where+"/name", "steps: two are named %s", step.Name)
		}
		names[step.Name] = true
		if field, err := step.made(); err != nil {
			return p.error(where+field, "steps: %s: %w", step.Name, err)
		}
		if field, err := step.variables(); err != nil {
			return p.error(where+field, "steps: %s: %w", step.Name, err)
		}
		if err := step.leaves(); err != nil {
			return p.error(where, "steps: %s: %w", step.Name, err)
		}
	}
	return nil
}

// made checks what the step is run as, and returns the field that is wrong.
func (s Step) made() (field string, err error) {
	switch {
	case count(s.Target != "", s.Image != "", s.Module != "") != 1:
		return "", errors.New("give one of target, image and module")
	case s.Module != "":
		return s.called()
	case s.Function != "":
		return "/function", errors.New("a function is that of a module: give module, too")
	case s.Image != "" && len(s.Command) == 0:
		return "", errors.New("give a command with an image")
	case s.Image != "" && len(s.Args) > 0:
		return "", apart(Build{Args: map[string]string{"": ""}}, s.Image)
	}
	if field, err := s.buildArgs(); err != nil {
		return field, err
	}
	return "", apart(s.Build, s.Image)
}

// variables checks the environment, and returns the field that is wrong.
func (s Step) variables() (field string, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		if !variableName.MatchString(name) || slices.Contains(Given, name) {
			return "/env/" + name, fmt.Errorf("env.%s: want the name of a variable, and none of %s", name, strings.Join(Given, ", "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Secrets)) {
		at := "/secrets/" + name
		switch {
		case !secretReference.MatchString(string(s.Secrets[name])): // what was written is not repeated: it may be the secret
			return at, fmt.Errorf("secrets.%s: want a reference to a secret, as env://TOKEN or file://PATH, never the secret itself", name)
		case s.Module != "":
			continue // the function knows its arguments
		case !variableName.MatchString(name) || slices.Contains(Given, name):
			return at, fmt.Errorf("secrets.%s: want the name of a variable, and none of %s", name, strings.Join(Given, ", "))
		case s.Env[name] != "":
			return at, fmt.Errorf("secrets.%s: env has it, too: leave out one", name)
		}
	}
	return "", nil
}

// Left are the files and folders that the step leaves in its container.
func (s Step) Left() (left []string) {
	left = slices.Clone(s.Files)
	for _, file := range []string{s.JUnit, s.SARIF} {
		if file != "" && !slices.Contains(left, file) {
			left = append(left, file)
		}
	}
	return left
}

// leaves checks that what the step leaves is named by full paths, and does not hide one another in the report.
func (s Step) leaves() error {
	kept := map[string]bool{}
	for _, file := range s.Left() {
		name := path.Base(file)
		switch {
		case !path.IsAbs(file) || path.Clean(file) != file || file == "/":
			return fmt.Errorf("%s: want the full path of a file or folder in the container", file)
		case kept[name]:
			return fmt.Errorf("%s: two files are called %s, of which the report can keep one", file, name)
		}
		kept[name] = true
	}
	return nil
}

// placeSteps puts the application's folder before those of steps.
func (a *Application) placeSteps(tree fs.FS, folder string, first Build) error {
	a.Steps = slices.Clone(a.Steps)
	for i := range a.Steps {
		step := &a.Steps[i]
		step.forBuild()
		err := step.Build.below(folder, first)
		switch {
		case err != nil:
		case step.Module != "":
			err = step.placeModule(tree, folder)
		case step.Target != "":
			err = step.Build.hasStage(tree)
		}
		if err != nil {
			return fmt.Errorf("steps: %s: %w", cmp.Or(step.Name, step.At), err)
		}
	}
	return nil
}
