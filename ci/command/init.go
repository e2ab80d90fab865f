package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/adopt"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/git"
)

type initCommand struct {
	Check bool   `help:"Write nothing; exit code 4 when something is missing."`
	Name  string `help:"The application's name (default: that of the repository's remote, else of its folder)." placeholder:"NAME"`
}

// Run writes what the repository lacks to be shipped.
func (c *initCommand) Run(ctx context.Context, f *flags) error {
	plan, err := f.lacks(ctx, c.Name)
	if err != nil {
		return err
	}
	if ignored(ctx, f.home()) {
		plan.Decide = append(plan.Decide, description.File+" is ignored by git, so that no clone would have it: add !"+description.File+" to .gitignore")
	}
	out := f.host.screen().Out
	if !c.Check {
		if err := f.place(plan.Files); err != nil {
			return err
		}
	}
	f.tell(out, plan, c.Check)
	if c.Check && len(plan.Files)+plan.Overlays > 0 {
		return Ended{Code: exit.Changes}
	}
	return nil
}

// Adopt returns the files that the repository lacks to be shipped; it writes nothing. What
// was found, and what a person must decide, goes to the host's output.
func Adopt(ctx context.Context, args []string, host Host) ([]adopt.File, error) {
	var cli commands
	if _, err := cli.take(ctx, description.Application{}, append([]string{"init"}, args...), host); err != nil {
		return nil, err
	}
	plan, err := cli.lacks(ctx, cli.Init.Name)
	if err == nil {
		cli.flags.tell(cli.host.screen().Out, plan, false)
	}
	return plan.Files, err
}

func (f *flags) lacks(ctx context.Context, name string) (adopt.Plan, error) {
	tree, err := f.tree(ctx)
	if err != nil {
		return adopt.Plan{}, err
	}
	plan, err := adopt.Look(adopt.Repository{Tree: tree, Folder: f.folder, Name: cmp.Or(name, f.likelyName(ctx)), Beta: cmp.Or(f.BetaOverlay, "kustomize/overlays/beta"), Production: cmp.Or(f.ProductionOverlay, "kustomize/overlays/production")})
	if err == nil {
		err = plan.LookForOverlays(tree, f.folder)
	}
	if err != nil {
		return plan, exit.Usagef("--source: %w", err)
	}
	return plan, nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// likelyName is that of the folder or, at the top of a repository, that of its remote.
func (f *flags) likelyName(ctx context.Context) string {
	name := filepath.Base(f.home())
	if f.folder == "." {
		if remote, err := git.Run(ctx, f.root, "remote", "get-url", "origin"); err == nil && remote != "" {
			name = strings.TrimSuffix(path.Base(strings.ReplaceAll(remote, ":", "/")), ".git")
		}
	}
	name = strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-0123456789")
	if len(name) > 42 {
		name = strings.Trim(name[:42], "-")
	}
	if name == "" {
		return "app"
	}
	return name
}

// place writes the files, all or none of them, none over one that is there and none
// outside of the repository, be it by a symbolic link.
func (f *flags) place(files []adopt.File) error {
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, file := range files {
		if _, err := root.Lstat(file.Path); err == nil {
			return exit.Usagef("%s is there already: it is not written over", file.Path)
		}
		folder := "."
		for _, name := range strings.Split(path.Dir(file.Path), "/") {
			folder = path.Join(folder, name)
			if at, err := root.Stat(folder); err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !at.IsDir() {
				return exit.Usagef("%s is no folder of the repository, and %s is to be written there", folder, file.Path)
			}
		}
	}
	for _, file := range files {
		if err := root.MkdirAll(path.Dir(file.Path), 0o755); err != nil {
			return exit.Usagef("%w", err)
		}
		if err := root.WriteFile(file.Path, []byte(file.Content), 0o644); err != nil {
			return exit.Usagef("%w", err)
		}
	}
	return nil
}

// tell prints what was found, assumed and written, what a person must decide, and the next command.
func (f *flags) tell(out io.Writer, plan adopt.Plan, check bool) {
	line := func(what string, texts ...string) {
		for _, text := range texts {
			fmt.Fprintf(out, "%-8s %s\n", what, text)
		}
	}
	line("found", plan.Found...)
	line("assumed", plan.Assumed...)
	line("decide", plan.Decide...)
	for _, file := range plan.Files {
		if check {
			line("missing", file.Path)
		} else {
			line("created", file.Path)
		}
	}
	program, source := about.Program(), ""
	if f.Source != "." {
		source = " --source " + f.Source
	}
	if f.Application != "." {
		source += " --application " + f.Application
	}
	switch {
	case check && len(plan.Files) > 0:
		line("next", program+" init"+source)
	case len(plan.Files) > 0:
		line("next", "read and commit them, then "+program+source+", on the sandbox; for a cluster of your own first "+program+" bootstrap"+source+" --kubeconfig FILE")
	case check && len(plan.Decide) > 0:
		line("next", "decide that")
	default:
		line("next", "nothing is missing: "+program+source)
	}
}
