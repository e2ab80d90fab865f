package command

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/slipway-cd/slipway/ci/git"
	"github.com/slipway-cd/slipway/ci/sops"
)

// unchangedSince returns what reports whether nothing of the application has changed since
// a commit: neither its folder, nor what its images and tests are built from, nor a file
// that its overlays have used. A commit that git does not have is one since which it has.
func (f *flags) unchangedSince(tree fs.FS) func(ctx context.Context, commit string) bool {
	used := func(string) bool { return false }
	if read, ok := tree.(*sops.Tree); ok {
		used = read.Used
	}
	contexts := f.buildContexts()
	return func(ctx context.Context, commit string) bool {
		changed, err := git.Run(ctx, f.root, "diff", "--name-only", "-z", "--no-renames", commit, "HEAD")
		if err != nil {
			return false
		}
		return !slices.ContainsFunc(strings.Split(strings.TrimRight(changed, "\x00"), "\x00"), func(name string) bool {
			return name != "" && (within(f.folder, name) || used(name) || slices.ContainsFunc(contexts, func(folder string) bool { return sentWith(tree, folder, name) }))
		})
	}
}

// buildContexts are the folders from which images, checks and tests are built.
func (f *flags) buildContexts() (out []string) {
	for _, image := range f.app.Images {
		out = append(out, image.Context)
	}
	for _, check := range f.app.Checks {
		out = append(out, check.Context)
	}
	for _, suite := range slices.Concat(f.app.Tests.Functional, f.app.Tests.Production) {
		out = append(out, suite.Context)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func within(folder, name string) bool {
	return folder == "." || strings.HasPrefix(name, folder+"/")
}

// sentWith reports whether a file is part of a build context: not if its .dockerignore
// leaves it out. One that cannot be read leaves out nothing.
func sentWith(tree fs.FS, folder, name string) bool {
	if !within(folder, name) {
		return false
	}
	content, err := fs.ReadFile(tree, path.Join(folder, ".dockerignore"))
	if err != nil {
		return true
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(content))
	if err != nil {
		return true
	}
	ignored, err := patternmatcher.MatchesOrParentMatches(strings.TrimPrefix(strings.TrimPrefix(name, folder), "/"), patterns)
	return err != nil || !ignored
}
