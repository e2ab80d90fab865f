package main

import (
	"context"
	"os"

	"dagger/slipway/internal/dagger"

	"github.com/slipway-cd/slipway/ci/command"
)

// Returns the files that a repository lacks to be shipped, to be exported over it: description, overlays. Nothing that is there is among them.
//
// +cache="never"
func (m *Slipway) Init(ctx context.Context,
	// The application's repository, with its .git for its name.
	source *dagger.Directory,
	// The application's folder in the source, of a repository with several.
	// +default="."
	application string,
	// The application's name; by default that of the repository's remote.
	// +optional
	name string,
) (*dagger.Directory, error) {
	c := call{source: source, application: application}
	host, err := c.host(ctx)
	if err != nil {
		return nil, told(ctx, err)
	}
	host.Out = os.Stdout
	files, err := command.Adopt(ctx, c.flag("name", name).args, host)
	if err != nil {
		return nil, told(ctx, err)
	}
	out := dag.Directory()
	for _, file := range files {
		out = out.WithNewFile(file.Path, file.Content)
	}
	return out, nil
}
