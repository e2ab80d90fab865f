package build

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
)

// goPrograms compiles the packages of the module images/NAME into a folder of the cache.
func (b *Build) goPrograms(ctx context.Context, name string) error {
	return b.part(name+" programs", func(log io.Writer) error {
		module, err := b.workFolder(name)
		if err != nil {
			return err
		}
		defer os.RemoveAll(module)
		commands := [][]string{append(append([]string{"go", "build"}, append(plan.GoFlags, "-ldflags", plan.LinkerFlags(name), "-o", "bin/")...), plan.Packages[name]...)}
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
		return os.Rename(filepath.Join(module, "bin"), b.Programs(name))
	})
}

// workFolder is a copy of images/NAME that a step may write to.
func (b *Build) workFolder(name string) (string, error) {
	folder, err := os.MkdirTemp(b.cache, "work-")
	if err != nil {
		return "", err
	}
	return folder, os.CopyFS(folder, os.DirFS(filepath.Join(b.Images, name)))
}

// EnsurePrograms builds the programs of a module that are not there. While it does, only
// who needs the same lock waits.
func (b *Build) EnsurePrograms(ctx context.Context, name string, lock func() (func(), error)) error {
	there := func() bool { _, err := os.Stat(b.Programs(name)); return err == nil }
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
	b.todo = map[string]bool{name + " programs": true}
	b.Log.Expect(1)
	return b.goPrograms(ctx, name)
}
