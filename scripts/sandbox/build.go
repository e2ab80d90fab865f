package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// build makes the images where no public registry answers. Each part is kept
// under a name that holds its key.
type build struct {
	s    *Sandbox
	plan *plan
	todo map[string]bool // parts that are missing, by the name that progress shows
}

// newBuild plans; nothing is made yet.
func (s *Sandbox) newBuild() (*build, error) {
	p, err := makePlan(os.DirFS(s.images))
	return &build{s: s, plan: p}, err
}

// programs is the folder that holds what the module images/NAME was compiled to.
func (b *build) programs(name string) string {
	return filepath.Join(b.s.cache, name+"-"+b.plan.programs[name])
}

func (b *build) cli() string     { return filepath.Join(b.programs("engine"), "dagger") }
func (b *build) kubectl() string { return filepath.Join(b.programs("light"), "kubectl") }

// ready tells whether all that runs was built before.
func (b *build) ready(ctx context.Context, d *docker) bool {
	if _, err := os.Stat(b.cli()); err != nil {
		return false
	}
	for _, name := range b.s.wanted() {
		if !d.hasImage(ctx, b.plan.image(name)) {
			return false
		}
	}
	return true
}

// missing finds the parts that have to be made, with what they are made from.
func (b *build) missing(ctx context.Context, d *docker) map[string]bool {
	todo := map[string]bool{}
	image := func(name, part string, needs ...string) {
		if d.hasImage(ctx, b.plan.image(name)) {
			return
		}
		todo[name+part] = true
		for _, need := range needs {
			todo[need] = true
		}
	}
	for _, name := range b.s.wanted() {
		image(name, " image")
	}
	if todo["registry image"] {
		image("golang", " image", "root")
		image("postgres", " image", "postgres-root")
		image("pause", " image")
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
	for name, used := range map[string]bool{"node": todo["node image"] || todo["pause image"], "engine": true} { // the engine's hold the command line
		if _, err := os.Stat(b.programs(name)); err != nil && used {
			todo[name+" programs"] = true
		}
	}
	return todo
}

// build makes what is missing: the Go programs one after the other on the one
// side, file systems and small images on the other, then what holds programs.
func (b *build) build(ctx context.Context, d *docker) error {
	b.todo = b.missing(ctx, d)
	b.s.log.total = len(b.todo)
	b.s.removeUnfinished()
	if b.todo["root file system"] || b.todo["postgres-root file system"] {
		if err := b.s.install(ctx, "mmdebstrap", "mmdebstrap"); err != nil {
			return err
		}
	}
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := b.goPrograms(gctx, "node", nodePrograms); err != nil {
			return err
		}
		return b.goPrograms(gctx, "engine", enginePrograms)
	})
	group.Go(func() error {
		if err := b.root(gctx, d, "root", rootPackages); err != nil {
			return err
		}
		if err := b.root(gctx, d, "postgres-root", postgresPackages); err != nil {
			return err
		}
		return b.images(gctx, d, "golang", "postgres", "registry-empty")
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if err := b.images(ctx, d, "pause", "node"); err != nil {
		return err
	}
	if err := b.seedRegistry(ctx, d); err != nil {
		return err
	}
	if err := b.images(ctx, d, "engine"); err != nil { // it holds some of what the registry holds
		return err
	}
	b.s.log.Costs()
	return nil
}

// part runs one step under its name with its output in a log file, unless it
// was done before; an error carries the last lines of the log.
func (b *build) part(name string, step func(log io.Writer) error) error {
	if !b.todo[name] {
		return nil
	}
	end := b.s.log.Part(name)
	defer end()
	path := filepath.Join(b.s.cache, "logs", strings.ReplaceAll(name, " ", "-")+".log")
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
func (s *Sandbox) removeUnfinished() {
	for _, pattern := range []string{"work-*", "*.tar"} {
		left, _ := filepath.Glob(filepath.Join(s.cache, pattern))
		for _, path := range left {
			_ = os.RemoveAll(path)
		}
	}
}
