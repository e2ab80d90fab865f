package description

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Resolve returns the application with all that it leaves to convention, and all folders
// below the repository's top: its own is folder in tree. What has a short form and a long
// one is in the long one only. Namespaces is empty where it has none of its own.
func (a Application) Resolve(tree fs.FS, folder string) (Application, error) {
	if a.Dockerfile == "" {
		a.Dockerfile = conventions.Dockerfile
	}
	if len(a.Images) == 0 {
		a.Images = []Image{{Name: a.Name, Build: Build{Dockerfile: a.Dockerfile}}}
	}
	a.Images = slices.Clone(a.Images)
	for i := range a.Images {
		if err := a.Images[i].Build.below(folder, Build{Dockerfile: conventions.Dockerfile}); err != nil {
			return a, fmt.Errorf("images: %s: %w", a.Images[i].Name, err)
		}
		if err := a.Images[i].Build.hasStage(tree); err != nil {
			return a, fmt.Errorf("images: %s: %w", a.Images[i].Name, err)
		}
	}
	if err := a.expand(tree); err != nil {
		return a, err
	}
	if err := a.place(tree, folder); err != nil {
		return a, err
	}
	a.Overlays.Beta = path.Join(folder, cmp.Or(a.Overlays.Beta, conventions.Overlays.Beta))
	a.Overlays.Production = path.Join(folder, cmp.Or(a.Overlays.Production, conventions.Overlays.Production))
	a.placeEnvironments(folder)
	a.Bootstrap = under(folder, a.Bootstrap)
	a.Evidence.Keys = under(folder, a.Evidence.Keys)
	if a.Evidence.Sigstore != (Sigstore{}) {
		a.Evidence.Sigstore = Sigstore{SigningConfig: path.Join(folder, a.Evidence.Sigstore.SigningConfig), TrustedRoot: path.Join(folder, a.Evidence.Sigstore.TrustedRoot)}
	}
	a.Evidence.SBOM = cmp.Or(a.Evidence.SBOM, conventions.Evidence.SBOM)
	a.Evidence.Vulnerabilities = a.Evidence.Vulnerabilities.below(folder)
	if a.Namespaces != conventions.Namespaces || len(a.Bootstrap) > 0 || exists(tree, path.Join(folder, a.Namespaces)) {
		a.Namespaces = path.Join(folder, cmp.Or(a.Namespaces, conventions.Namespaces))
	} else {
		a.Namespaces = ""
	}
	if !slices.Equal(a.PerRun, conventions.PerRun) || exists(tree, path.Join(folder, a.PerRun[0])) {
		a.PerRun = under(folder, a.PerRun)
	} else {
		a.PerRun = nil
	}
	if len(a.PerRun) > 0 && a.Betas == (Betas{RemoveImage: a.Betas.RemoveImage}) {
		a.Betas.Path = "/beta"
	}
	return a, nil
}

func exists(tree fs.FS, name string) bool {
	_, err := fs.Stat(tree, name)
	return err == nil
}

// expand turns short forms into long ones.
func (a *Application) expand(tree fs.FS) error {
	if err := a.findTargets(tree); err != nil {
		return err
	}
	if a.Checks == nil {
		for _, short := range []struct{ target, name string }{{a.CheckTarget, "static checks"}, {a.UnitTarget, "unit tests"}} {
			if short.target != "" {
				a.Checks = append(a.Checks, Check{Name: short.name, Build: Build{Target: short.target}})
			}
		}
	}
	for _, short := range []struct {
		command []string
		long    *[]Suite
	}{{a.Functional, &a.Tests.Functional}, {a.Production, &a.Tests.Production}} {
		if len(short.command) > 0 {
			*short.long = []Suite{{Build: Build{Target: a.TestTarget}, Command: short.command, Passed: a.Passed}}
		}
	}
	if a.BetaPath != "" {
		a.Betas.Path = a.BetaPath
	}
	a.Dockerfile, a.CheckTarget, a.UnitTarget, a.TestTarget, a.Functional, a.Production, a.Passed, a.BetaPath = "", "", "", "", nil, nil, "", ""
	return nil
}

// place puts the application's folder before those of checks and suites, which are built
// of what the first image is where they say nothing else.
func (a *Application) place(tree fs.FS, folder string) error {
	first := Build{Context: a.Images[0].Context, Dockerfile: a.Images[0].Dockerfile}
	a.Checks = slices.Clone(a.Checks)
	for i := range a.Checks {
		check := &a.Checks[i]
		check.Name = cmp.Or(check.Name, check.Target, strings.Join(check.Command, " "))
		if err := check.Build.below(folder, first); err != nil {
			return fmt.Errorf("checks: %s: %w", check.Name, err)
		}
		if err := check.Build.hasStage(tree); err != nil {
			return fmt.Errorf("checks: %w", err)
		}
	}
	for _, suites := range []*[]Suite{&a.Tests.Functional, &a.Tests.Production} {
		*suites = slices.Clone(*suites)
		for i := range *suites {
			suite := &(*suites)[i]
			if suite.Target == "" && suite.Image == "" {
				suite.Target = conventions.TestTarget
			}
			if err := suite.Build.below(folder, first); err != nil {
				return fmt.Errorf("tests: %w", err)
			}
			if err := suite.Build.hasStage(tree); err != nil {
				return fmt.Errorf("tests: %w", err)
			}
		}
	}
	return a.placeSteps(tree, folder, first)
}

// below puts the application's folder before a build's context, if it gives one.
func (b *Build) below(folder string, otherwise Build) error {
	if b.Context == "" && b.Dockerfile == "" && otherwise.Context != "" {
		b.Context, b.Dockerfile = otherwise.Context, otherwise.Dockerfile
		return nil
	}
	given := b.Context
	if path.IsAbs(given) {
		return fmt.Errorf("context %s: want a folder below the application's, or above it in the repository", given)
	}
	b.Context = path.Join(folder, b.Context)
	if !fs.ValidPath(b.Context) {
		return fmt.Errorf("context %s lies above --source: give --source the folder above, with --application %s", given, folder)
	}
	if b.Dockerfile == "" {
		b.Dockerfile = otherwise.Dockerfile
	}
	if !fs.ValidPath(path.Clean(b.Dockerfile)) {
		return fmt.Errorf("dockerfile %s: want a path in the context %s", b.Dockerfile, b.Context)
	}
	b.Dockerfile = path.Clean(b.Dockerfile)
	return nil
}

// below is a copy with all that is left to convention, and paths below the repository's top; nil for nil.
func (v *Vulnerabilities) below(folder string) *Vulnerabilities {
	if v == nil {
		return nil
	}
	out := *v
	out.Image = cmp.Or(out.Image, conventionalVulnerabilities.Image)
	out.Severity = cmp.Or(out.Severity, conventionalVulnerabilities.Severity)
	for _, name := range []*string{&out.Database, &out.Exceptions} {
		if *name != "" {
			*name = path.Join(folder, *name)
		}
	}
	return &out
}

// File is the Dockerfile below the repository's top.
func (b Build) File() string { return path.Join(b.Context, b.Dockerfile) }

func under(folder string, names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, path.Join(folder, name))
	}
	return out
}
