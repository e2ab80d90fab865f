package command

import (
	"io"
	"os"
	"path/filepath"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/report"
)

// Host is the environment of a command. The zero value is that of a program on
// somebody's machine. A Dagger module has neither that machine's files nor its
// `docker login`, and gets them here.
type Host struct {
	// Out takes what a command prints; nil is the terminal.
	Out io.Writer
	// Source returns the application's repository; nil uploads the folder of --source.
	Source func(*dagger.Client) *dagger.Directory
	// Secret returns a secret of a step by its reference; nil asks the engine for what that means on this machine.
	Secret func(client *dagger.Client, uri string) *dagger.Secret
	// Login is that of the registry; nil uses the credentials of `docker login`.
	Login *image.Login
}

func (h Host) screen() report.Screen {
	if h.Out == nil {
		return report.ScreenOf(os.Stdout, os.Getenv)
	}
	return report.Screen{Out: h.Out}
}

// source is a folder of the repository whose top is root.
func (h Host) source(client *dagger.Client, root, folder string) *dagger.Directory {
	if h.Source == nil {
		return client.Host().Directory(filepath.Join(root, folder), dagger.HostDirectoryOpts{Exclude: notSource})
	}
	source := h.Source(client).Directory(folder)
	for _, name := range notSource {
		source = source.WithoutDirectory(name)
	}
	return source
}

// secret is one that a step refers to.
func (h Host) secret(client *dagger.Client, uri string) *dagger.Secret {
	if h.Secret == nil {
		return client.Secret(uri)
	}
	return h.Secret(client, uri)
}

// login returns what gives containers that are pushed to a repository its login.
func (h Host) login(client *dagger.Client, repository string) func(*dagger.Container) *dagger.Container {
	if h.Login == nil {
		return func(c *dagger.Container) *dagger.Container { return c } // the engine asks for that of `docker login`
	}
	return func(c *dagger.Container) *dagger.Container {
		return c.WithRegistryAuth(repository, h.Login.User, client.SetSecret("slipway-registry", h.Login.Password))
	}
}

// notSource lies in a repository and is not what is built: it would change the build
// with every commit, or every run.
var notSource = []string{".git", ".slipway"}
