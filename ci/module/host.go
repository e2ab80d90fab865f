package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	sdk "dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/command"
	"github.com/slipway-cd/slipway/ci/image"
)

// host puts into the module's container what the command line finds on a machine, and
// adds the flags that name it.
func (c *call) host(ctx context.Context) (host command.Host, cleanup func(), err error) {
	var undo []func()
	cleanup = func() {
		for _, f := range undo {
			f()
		}
	}
	for _, step := range []func(context.Context, *command.Host) (func(), error){c.placeSource, c.placeKubeconfig, c.logIn} {
		done, err := step(ctx, &host)
		if err != nil {
			cleanup()
			return host, nil, err
		}
		undo = append(undo, done)
	}
	return host, cleanup, nil
}

func nothing() {}

// placeSource exports the repository for git and kustomize; the engine has it already.
func (c *call) placeSource(ctx context.Context, host *command.Host) (func(), error) {
	folder, err := os.MkdirTemp("", "source-")
	if err != nil {
		return nil, err
	}
	remove := func() { _ = os.RemoveAll(folder) }
	if _, err := c.source.Export(ctx, folder); err != nil {
		return remove, err
	}
	id, err := c.source.ID(ctx)
	if err != nil {
		return remove, err
	}
	host.Source = func(client *sdk.Client) *sdk.Directory { return sdk.Ref[*sdk.Directory](client, sdk.ID(id)) }
	c.flag("source", folder)
	if !describesItself(folder) {
		return remove, errors.New("--source: it has no .slipway.yaml that describes its application (exit code 2)")
	}
	return remove, nil
}

// describesItself tells the repository that this module is compiled from, and copies
// of it, from others: what they are must not be guessed.
func describesItself(folder string) bool {
	for _, file := range []string{".slipway.yaml", "ci/app/app.go"} {
		if _, err := os.Stat(filepath.Join(folder, file)); err == nil {
			return true
		}
	}
	return false
}

// placeKubeconfig writes it to memory: a secret must not reach a disk.
func (c *call) placeKubeconfig(ctx context.Context, _ *command.Host) (func(), error) {
	if c.kubeconfig == nil {
		return nothing, nil
	}
	text, err := c.kubeconfig.Plaintext(ctx)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("/dev/shm", "kubeconfig-")
	if err != nil {
		return nil, err
	}
	remove := func() { _ = os.RemoveAll(folder) }
	content := []byte(text)
	if c.cluster != nil {
		if content, err = c.through(ctx, content); err != nil {
			return remove, err
		}
	}
	path := filepath.Join(folder, "kubeconfig")
	c.flag("kubeconfig", path)
	return remove, os.WriteFile(path, content, 0o600)
}

// logIn hands on the registry's login.
func (c *call) logIn(ctx context.Context, host *command.Host) (func(), error) {
	c.flag("image", c.image)
	if (c.user == "") != (c.password == nil) {
		return nil, errors.New("--registry-user and --registry-password: give both, or neither (exit code 2)")
	}
	if c.password == nil {
		return nothing, nil
	}
	password, err := c.password.Plaintext(ctx)
	if err != nil {
		return nil, err
	}
	host.Login = &image.Login{User: c.user, Password: password}
	return nothing, nil
}
