package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/git"
)

// adopt takes the application that --source describes, else the given one, and what
// follows from its name. Errors are of exit code 2.
func (f *flags) adopt(ctx context.Context, given description.Application) error {
	if err := f.locate(ctx); err != nil {
		return err
	}
	tree, err := f.tree(ctx)
	if err != nil {
		return err
	}
	switch f.app, err = description.Read(tree, f.folder); {
	case errors.Is(err, fs.ErrNotExist):
		if err := checkDescribed(ctx, f.home()); err != nil {
			return err
		}
		f.app = given
	case err != nil:
		return exit.Usagef("--source: %w", err)
	}
	if f.app, err = f.app.Resolve(tree, f.folder); err != nil {
		return exit.Usagef("--source: %w", err)
	}
	if err := f.checkEnvironments(); err != nil {
		return err
	}
	f.BetaOverlay, f.ProductionOverlay = f.overlay(f.BetaOverlay, f.app.Overlays.Beta), f.overlay(f.ProductionOverlay, f.app.Overlays.Production)
	if f.BuildNamespace == "" {
		f.BuildNamespace = f.app.Name + "-build"
	}
	if f.Namespace == "" {
		f.Namespace = f.app.Name
	}
	if description.OfKubernetes(f.BuildNamespace) || description.OfKubernetes(f.Namespace) {
		return exit.Usagef("--namespace, --build-namespace: those that begin with kube- are Kubernetes' own")
	}
	if len(f.app.Environments) > 0 {
		return nil
	}
	f.Until = cmp.Or(f.Until, "production")
	if f.BuildNamespace == f.Namespace {
		return exit.Usagef("--build-namespace: give another than --namespace: a beta has no right to anything in production's")
	}
	return nil
}

// overlay is the one that a flag names, else the one that is described.
func (f *flags) overlay(flag, described string) string {
	if flag == "" {
		return described
	}
	return path.Join(f.folder, flag)
}

// locate finds the top of the repository and, below it, the application's folder: --source
// and --application or, where --source lies in a git repository, that and --source.
func (f *flags) locate(ctx context.Context) error {
	if info, err := os.Stat(f.Source); err != nil || !info.IsDir() {
		return exit.Usagef("--source: %s is not a folder", f.Source)
	}
	whole, err := filepath.Abs(f.Source)
	if err == nil {
		whole, err = filepath.EvalSymlinks(whole)
	}
	if err != nil {
		return exit.Usagef("--source: %w", err)
	}
	f.root, f.folder = whole, path.Join(".", f.Application)
	if !fs.ValidPath(f.folder) {
		return exit.Usagef("--application: %s must be a folder below --source", f.Application)
	}
	if info, err := os.Stat(filepath.Join(f.root, f.folder)); err != nil || !info.IsDir() {
		return exit.Usagef("--application: %s is not a folder in %s", f.Application, f.Source)
	}
	if f.folder != "." {
		return nil
	}
	top, err := git.Run(ctx, whole, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil // no repository: all there is is --source
	}
	if below, err := filepath.Rel(top, whole); err == nil && fs.ValidPath(filepath.ToSlash(below)) {
		f.root, f.folder = top, filepath.ToSlash(below)
	}
	return nil
}

// checkDescribed tells a repository that describes its application, and copies of this
// one, from others: what they are must not be guessed. The error is of exit code 2.
func checkDescribed(ctx context.Context, folder string) error {
	whole, err := filepath.Abs(folder)
	if err != nil || exists(whole, description.File) {
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
	lacks := "--source: it has no " + description.File
	switch {
	case exists(whole, ".slipway.yml"):
		return exit.Usagef("%s, but a .slipway.yml: rename it", lacks)
	case ignored(ctx, folder):
		return exit.Usagef("%s, and git ignores it: take it out of .gitignore and commit it", lacks)
	}
	return exit.Usagef("%s, which describes the application: `%s init` writes one (Slipway's docs/application.md has all fields), or give --source the folder that has it", lacks, about.Program())
}

// source is the application to git.
func (f *flags) source() git.Source {
	return git.Source{Root: f.root, Folder: f.folder, Contexts: f.buildContexts()}
}

// home is the application's folder.
func (f *flags) home() string { return filepath.Join(f.root, f.folder) }

// below puts the repository's top before folders.
func (f *flags) below(folders []string) (out []string) {
	for _, folder := range folders {
		out = append(out, filepath.Join(f.root, folder))
	}
	return out
}

// tellUncommitted says that a clone will lack the application's file, with which a run
// of the same commit elsewhere fails.
func (f *flags) tellUncommitted(ctx context.Context) {
	tracked, err := git.Run(ctx, f.home(), "ls-files", "--", description.File)
	switch {
	case err != nil || tracked != "" || !exists(f.home(), description.File):
	case ignored(ctx, f.home()):
		fmt.Fprintf(os.Stderr, "slipway: %s is ignored by git, so that no clone has it, a CI run's for example: take it out of .gitignore and commit it\n", description.File)
	default:
		fmt.Fprintf(os.Stderr, "slipway: %s is not committed, so that no clone has it, a CI run's for example: git add and commit it\n", description.File)
	}
}

// ignored reports whether git would ignore an application's file in the folder.
func ignored(ctx context.Context, folder string) bool {
	_, err := git.Run(ctx, folder, "check-ignore", "--quiet", description.File)
	return err == nil
}

func exists(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}
