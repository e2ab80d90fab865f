// Package build makes the images out of Go modules and Debian packages, where no
// public registry answers. It does not know what the containers that are made of
// them do, nor where another kind of image would come from.
package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/progress"
)

// Build makes the images where no public registry answers. Each part is kept
// under a name that holds its key.
type Build struct {
	Plan   *plan.Plan
	Images string   // the folder scripts/sandbox/images of this clone
	Wanted []string // the parts that run here
	Log    *progress.Log
	cache  string          // what is built lies there
	todo   map[string]bool // parts that are missing, by the name that progress shows
}

// New plans; nothing is made yet.
func New(cache, images string, wanted []string, log *progress.Log) (*Build, error) {
	p, err := plan.Make(os.DirFS(images))
	return &Build{Plan: p, Images: images, Wanted: wanted, Log: log, cache: cache}, err
}

// Programs is the folder that holds what the module images/NAME was compiled to.
func (b *Build) Programs(name string) string {
	return filepath.Join(b.cache, name+"-"+b.Plan.Programs[name])
}

// CLI is dagger's command line.
func (b *Build) CLI() string { return filepath.Join(b.Programs("engine"), "dagger") }

// Kubectl is where the one for a control plane with fake nodes lies once it is built.
func (b *Build) Kubectl() string { return filepath.Join(b.Programs("light"), "kubectl") }

// Ready tells whether all that runs was built before.
func (b *Build) Ready(ctx context.Context, d *docker.Docker) bool {
	if _, err := os.Stat(b.CLI()); err != nil {
		return false
	}
	for _, name := range b.Wanted {
		if !d.HasImage(ctx, b.Plan.Image(name)) {
			return false
		}
	}
	return true
}

// missing finds the parts that have to be made, with what they are made from.
func (b *Build) missing(ctx context.Context, d *docker.Docker) map[string]bool {
	todo := map[string]bool{}
	image := func(name, part string, needs ...string) {
		if d.HasImage(ctx, b.Plan.Image(name)) {
			return
		}
		todo[name+part] = true
		for _, need := range needs {
			todo[need] = true
		}
	}
	for _, name := range b.Wanted {
		image(name, " image")
	}
	if todo["registry image"] {
		image("golang", " image", "root")
		image("postgres", " image", "postgres-root")
		image("pause", " image")
		image("syft", " image")
		image("registry-empty", " image", "root")
	}
	if todo["node image"] || todo["engine image"] || todo["root"] {
		image("root", " file system")
	}
	if todo["postgres-root"] {
		image("postgres-root", " file system")
	}
	delete(todo, "root")
	delete(todo, "postgres-root")
	for name, used := range map[string]bool{
		"node":   todo["node image"] || todo["pause image"],
		"engine": true, // they hold the command line
		"syft":   todo["syft image"],
	} {
		if _, err := os.Stat(b.Programs(name)); err != nil && used {
			todo[name+" programs"] = true
		}
	}
	return todo
}

// Make makes what is missing: the Go programs one after the other on the one
// side, file systems and small images on the other, then what holds programs.
func (b *Build) Make(ctx context.Context, d *docker.Docker) error {
	b.todo = b.missing(ctx, d)
	b.Log.Expect(len(b.todo))
	b.removeUnfinished()
	if b.todo["root file system"] || b.todo["postgres-root file system"] {
		if err := host.Install(ctx, b.Log, "mmdebstrap", "mmdebstrap"); err != nil {
			return err
		}
	}
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		for _, name := range []string{"node", "engine", "syft"} {
			if err := b.goPrograms(gctx, name); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		if err := b.root(gctx, d, "root", plan.RootPackages); err != nil {
			return err
		}
		if err := b.root(gctx, d, "postgres-root", plan.PostgresPackages); err != nil {
			return err
		}
		return b.images(gctx, d, "golang", "postgres", "registry-empty")
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if err := b.images(ctx, d, "pause", "syft", "node"); err != nil {
		return err
	}
	if err := b.seedRegistry(ctx, d); err != nil {
		return err
	}
	if err := b.images(ctx, d, "engine"); err != nil { // it holds some of what the registry holds
		return err
	}
	b.Log.Costs()
	return nil
}

// part runs one step under its name with its output in a log file, unless it
// was done before; an error carries the last lines of the log.
func (b *Build) part(name string, step func(log io.Writer) error) error {
	if !b.todo[name] {
		return nil
	}
	end := b.Log.Part(name)
	defer end()
	path := filepath.Join(b.cache, "logs", strings.ReplaceAll(name, " ", "-")+".log")
	log, err := os.Create(path)
	if err != nil {
		return err
	}
	defer log.Close()
	if err := step(log); err != nil {
		text, _ := os.ReadFile(path)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		return fmt.Errorf("build %s: %w\n%s\nall of it: %s", name, err, strings.Join(lines[max(0, len(lines)-10):], "\n"), path)
	}
	return nil
}

func logged(log io.Writer, cmd *exec.Cmd) error {
	fmt.Fprintln(log, "+", strings.Join(cmd.Args, " "))
	cmd.Stdout, cmd.Stderr = log, log
	return cmd.Run()
}

// removeUnfinished takes away what a build that was killed has left.
func (b *Build) removeUnfinished() {
	for _, pattern := range []string{"work-*", "*.tar"} {
		left, _ := filepath.Glob(filepath.Join(b.cache, pattern))
		for _, path := range left {
			_ = os.RemoveAll(path)
		}
	}
}
