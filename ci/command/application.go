package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
func (f *flags) adopt(ctx context.Context, given pipeline.Application) error {
	f.app = given
	tree, err := f.tree()
	if err != nil {
		return err
	}
	content, err := fs.ReadFile(tree, ApplicationFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := CheckDescribed(ctx, f.Source); err != nil {
			return err
		}
	case err != nil:
		return pipeline.Usage("--source: %w", err)
	default:
		if f.app, err = parseApplication(content); err != nil {
			return pipeline.Usage("--source: %s: %w", ApplicationFile, err)
		}
	}
	if err := findTargets(&f.app, tree); err != nil {
		return err
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

// CheckDescribed tells a repository that describes its application, and copies of this
// one, from others: what they are must not be guessed. The error is of exit code 2.
func CheckDescribed(ctx context.Context, folder string) error {
	whole, err := filepath.Abs(folder)
	if err != nil || exists(whole, ApplicationFile) {
		return err
	}
	for at := whole; ; at = filepath.Dir(at) {
		if exists(at, "ci/app/app.go") {
			return nil
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	lacks := "--source: it has no " + ApplicationFile
	switch {
	case exists(whole, ".slipway.yml"):
		return pipeline.Usage("%s, but a .slipway.yml: rename it", lacks)
	case ignored(ctx, folder):
		return pipeline.Usage("%s, and git ignores it: take it out of .gitignore and commit it", lacks)
	}
	return pipeline.Usage("%s, which describes the application: write one at the top of the repository with name, functional, production and passed (Slipway's docs/application.md has all fields), or give --source the folder that has it", lacks)
}

// tellUncommitted says that a clone will lack the application's file, with which a run
// of the same commit elsewhere fails.
func (f *flags) tellUncommitted(ctx context.Context) {
	tracked, err := git(ctx, f.Source, "ls-files", "--", ApplicationFile)
	switch {
	case err != nil || tracked != "" || !exists(f.Source, ApplicationFile):
	case ignored(ctx, f.Source):
		fmt.Fprintf(os.Stderr, "slipway: %s is ignored by git, so that no clone has it, a CI run's for example: take it out of .gitignore and commit it\n", ApplicationFile)
	default:
		fmt.Fprintf(os.Stderr, "slipway: %s is not committed, so that no clone has it, a CI run's for example: git add and commit it\n", ApplicationFile)
	}
}

// ignored reports whether git would ignore an application's file in the folder.
func ignored(ctx context.Context, folder string) bool {
	_, err := git(ctx, folder, "check-ignore", "--quiet", ApplicationFile)
	return err == nil
}

func exists(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}
