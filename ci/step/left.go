package step

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
)

// Outcome is what a step leaves.
type Outcome struct {
	Said  string // by itself, in one line
	Found string // how many results a scan has
	Tests []report.Test
}

// String is the outcome for the report.
func (o Outcome) String() string {
	parts := []string{o.Said, o.Found}
	switch len(o.Tests) {
	case 0:
	case 1:
		parts = append(parts, "1 test")
	default:
		parts = append(parts, fmt.Sprintf("%d tests", len(o.Tests)))
	}
	var said []string
	for _, part := range parts {
		if part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, "; ")
}

// take copies what a step leaves into the report, as far as it is there. The error is about the first that is missing, or cannot be read.
func (r Runner) take(ctx context.Context, c *dagger.Container, s description.Step) (Outcome, error) {
	var outcome Outcome
	var wrong error
	for _, left := range s.Left() {
		to := r.Dir.StepPath(s.Name, path.Base(left))
		err := r.export(ctx, c, left, to)
		if err == nil {
			err = outcome.read(s, left, to)
		}
		if err == nil {
			r.Dir.Keeps(path.Join("steps", s.Name, path.Base(left)))
		} else if wrong == nil {
			wrong = &exit.Failure{Code: exit.Build, Cause: fmt.Sprintf("step %s: %s: %s", s.Name, left, err), Err: err}
		}
	}
	return outcome, wrong
}

// export copies a file or a folder out of a container.
func (r Runner) export(ctx context.Context, c *dagger.Container, from, to string) error {
	folder, err := c.Exists(ctx, from, dagger.ContainerExistsOpts{ExpectedType: dagger.ExistsTypeDirectoryType})
	if err != nil {
		return r.Builder.Engine.Failure("look for it", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if folder {
		_, err = c.Directory(from).Export(ctx, to)
	} else if there, missing := c.Exists(ctx, from); missing == nil && !there {
		return errNotLeft
	} else {
		_, err = c.File(from).Export(ctx, to)
	}
	if err != nil {
		return r.Builder.Engine.Failure("copy it", err)
	}
	return onlyFiles(to)
}

var errNotLeft = errors.New("the step has not left it")

// read reads a file that was copied, where it is one of results.
func (o *Outcome) read(s description.Step, left, at string) error {
	if left != s.JUnit && left != s.SARIF {
		return nil
	}
	content, err := readRegular(at)
	if errors.Is(err, fs.ErrNotExist) {
		return errNotLeft
	} else if err != nil {
		return err
	}
	if left == s.JUnit {
		o.Tests, err = report.ParseJUnit(string(content), "step "+s.Name)
		return err
	}
	found, err := parseSARIF(content)
	if err == nil {
		o.Found = found.String() + " in " + path.Base(left)
	}
	return err
}

// readRegular reads a file that a step has left. What it left may be a link that leads to a file of this machine, or to what never ends.
func readRegular(path string) ([]byte, error) {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return nil, cmp.Or(err, errors.New("it is no regular file"))
	}
	return os.ReadFile(path)
}

// onlyFiles removes what is neither a file nor a folder below a folder that a step has left.
func onlyFiles(folder string) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Type().IsRegular() {
			return err
		}
		return os.Remove(path)
	})
}

// known is a folder of this process with the reports as far as they are known, and the files beside them; not the logs, which may
// be long. It goes with what is returned.
func (r Runner) known(so report.Report) (folder string, remove func(), err error) {
	folder, err = os.MkdirTemp("", "slipway-report-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(folder) }
	if err := r.copyInto(folder, so); err != nil {
		remove()
		return "", nil, fmt.Errorf("report for a step: %w", err)
	}
	return folder, remove, nil
}

func (r Runner) copyInto(folder string, so report.Report) error {
	for _, name := range r.Dir.Kept() {
		from, to := filepath.Join(r.Dir.Path(), name), filepath.Join(folder, name)
		info, err := os.Stat(from)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case info.IsDir():
			err = os.CopyFS(to, os.DirFS(from))
		default:
			err = copyFile(from, to)
		}
		if err != nil {
			return err
		}
	}
	dir, err := report.Create(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Write(so), dir.Close())
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}
