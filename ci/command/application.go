package command

import (
	"errors"
	"io/fs"
	"regexp"

	"sigs.k8s.io/yaml"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

// ApplicationFile describes the application of a repository that holds no copy of ci/:
// the fields of pipeline.Application, in lower camel case.
const ApplicationFile = ".slipway.yaml"

// conventions are what an application has unless its file says otherwise.
var conventions = pipeline.Application{
	Dockerfile: "Dockerfile", CheckTarget: "check", UnitTarget: "unit", TestTarget: "test",
	Service: "api", Port: 8080, BetaPath: "/beta", Health: "/health",
	Namespaces: "kustomize/namespaces", PerRun: []string{"kustomize/components/per-run"},
}

// adopt takes the application that --source describes, else the given one, and what
// follows from its name. Errors are of exit code 2.
func (f *flags) adopt(given pipeline.Application) error {
	f.app = given
	tree, err := f.tree()
	if err != nil {
		return err
	}
	content, err := fs.ReadFile(tree, ApplicationFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return pipeline.Usage("--source: %w", err)
	default:
		if f.app, err = parseApplication(content); err != nil {
			return pipeline.Usage("--source: %s: %w", ApplicationFile, err)
		}
	}
	if f.BuildNamespace == "" {
		f.BuildNamespace = f.app.Name + "-build"
	}
	if f.Namespace == "" {
		f.Namespace = f.app.Name
	}
	if f.BuildNamespace == f.Namespace {
		return pipeline.Usage("--build-namespace: give another than --namespace: a beta has no right to anything in production's")
	}
	return nil
}

var applicationName = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$`)

func parseApplication(content []byte) (pipeline.Application, error) {
	app := conventions
	if err := yaml.UnmarshalStrict(content, &app); err != nil {
		return app, err
	}
	switch {
	case !applicationName.MatchString(app.Name):
		return app, errors.New("name: want lower case letters, digits and dashes, at most 42")
	case len(app.Functional) == 0 || len(app.Production) == 0:
		return app, errors.New("functional, production: give the commands that run the tests in the image of the target " + app.TestTarget)
	case app.Passed == "":
		return app, errors.New("passed: give what the output of tests that really ran contains")
	}
	return app, nil
}
