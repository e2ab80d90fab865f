package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Packages that become programs, of the modules images/node, images/engine and images/light.
var (
	nodePrograms   = []string{"./kube", "./coredns", "./pause", "./volumes", "github.com/traefik/traefik/v3/cmd/traefik"}
	enginePrograms = []string{
		"github.com/dagger/dagger/cmd/engine", "github.com/dagger/dagger/cmd/dagger", "github.com/dagger/dagger/cmd/init",
		"github.com/dagger/dagger/cmd/dnsname", "github.com/dagger/dagger/cmd/dialstdio", "github.com/dagger/dagger/cmd/codegen",
	}
	lightPrograms = []string{"sigs.k8s.io/kwok/cmd/kwok", "./kubectl"}
)

// goFlags build every program the same way, so that packages which two of them
// share are compiled once. No cgo: one kind of standard library for all. No
// debugging information: a sixth of the compiler's work, and nobody debugs these.
var goFlags = []string{"-mod=readonly", "-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false", "-tags=dfexcludepatterns,dfparents"}

func linkerFlags() string {
	flags := []string{"-s", "-w"}
	set := func(name, value string) { flags = append(flags, "-X", name+"="+value) }
	for _, version := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		set(version+".gitVersion", kubernetesVersion)
		set(version+".gitMajor", "1")
		set(version+".gitMinor", strings.Split(kubernetesVersion, ".")[1])
		set(version+".gitTreeState", "archive")
	}
	set("github.com/dagger/dagger/engine.Version", daggerVersion)
	set("github.com/dagger/dagger/engine.Tag", daggerVersion)
	return strings.Join(flags, " ")
}

// goPrograms compiles packages of the module images/NAME into a folder of the cache.
func (b *build) goPrograms(ctx context.Context, name string, packages []string) error {
	return b.part(name+" programs", func(log io.Writer) error {
		module, err := b.workFolder(name)
		if err != nil {
			return err
		}
		defer os.RemoveAll(module)
		commands := [][]string{append(append([]string{"go", "build"}, append(goFlags, "-ldflags", linkerFlags(), "-o", "bin/")...), packages...)}
		if _, err := os.Stat(filepath.Join(module, "copies.sh")); err == nil {
			commands = slices.Insert(commands, 0, []string{"sh", "./copies.sh"})
		}
		for _, args := range commands {
			cmd := exec.CommandContext(ctx, args[0], args[1:]...)
			cmd.Dir = module
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
			if err := logged(log, cmd); err != nil {
				return err
			}
		}
		return os.Rename(filepath.Join(module, "bin"), b.programs(name))
	})
}

// workFolder is a copy of images/NAME that a step may write to.
func (b *build) workFolder(name string) (string, error) {
	folder, err := os.MkdirTemp(b.s.cache, "work-")
	if err != nil {
		return "", err
	}
	return folder, os.CopyFS(folder, os.DirFS(filepath.Join(b.s.images, name)))
}

// Programs builds, where they were not, the programs of a control plane with
// fake nodes, and returns where each lies, by name. It needs no Docker.
func (s *Sandbox) Programs(ctx context.Context) (map[string]string, error) {
	b, err := s.newBuild()
	if err != nil {
		return nil, err
	}
	at := map[string]string{
		"kube": filepath.Join(b.programs("node"), "kube"),
		"kwok": filepath.Join(b.programs("light"), "kwok"), "kubectl": b.kubectl(),
	}
	for _, module := range []struct {
		name     string
		packages []string
		lock     func() (func(), error)
	}{
		{"node", nodePrograms, s.lock}, // which up builds, too
		{"light", lightPrograms, func() (func(), error) { return s.lockFile("light.lock", "the light programs") }},
	} {
		if err := b.ensurePrograms(ctx, module.name, module.packages, module.lock); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// ensurePrograms builds the programs of a module that are not there. While it does, only
// who needs the same lock waits.
func (b *build) ensurePrograms(ctx context.Context, name string, packages []string, lock func() (func(), error)) error {
	there := func() bool { _, err := os.Stat(b.programs(name)); return err == nil }
	if there() {
		return nil
	}
	unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	if there() { // another has built them while we waited
		return nil
	}
	b.todo, b.s.log.total = map[string]bool{name + " programs": true}, 1
	return b.goPrograms(ctx, name, packages)
}
