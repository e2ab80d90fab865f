package main

import (
	"context"
	"os"
	"path/filepath"

	sdk "dagger.io/dagger"

	"dagger/slipway/internal/dagger"

	"github.com/slipway-cd/slipway/ci/command"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

// host puts into the module's container what the command line finds on a machine, and
// adds the flags that name it. All of it goes with the container, at the call's end.
func (c *call) host(ctx context.Context) (host command.Host, err error) {
	c.flag("image", c.image)
	if host.Source, err = c.placeSource(ctx); err != nil {
		return host, err
	}
	for flag, secret := range map[string]*dagger.Secret{"kubeconfig": c.kubeconfig, "production-kubeconfig": c.production} {
		if err := c.placeKubeconfig(ctx, flag, secret); err != nil {
			return host, err
		}
	}
	if err := c.placeSOPS(ctx); err != nil {
		return host, err
	}
	if err := c.placeSignKey(ctx); err != nil {
		return host, err
	}
	if host.Secret, err = c.secrets(ctx); err != nil {
		return host, err
	}
	if err := c.placeIDToken(ctx); err != nil {
		return host, err
	}
	host.Login, err = c.login(ctx)
	return host, err
}

// sopsImage has SOPS's program: to compile it here would take minutes of each call.
const sopsImage = "ghcr.io/getsops/sops:v3.13.3"

// placeSOPS puts the key into the environment of this process, as on a machine, and
// the program where it is looked for. The engine sees neither key nor clear text.
func (c *call) placeSOPS(ctx context.Context) error {
	if c.ageKey == nil {
		return nil
	}
	key, err := c.ageKey.Plaintext(ctx)
	if err != nil {
		return err
	}
	if err := os.Setenv("SOPS_AGE_KEY", key); err != nil {
		return err
	}
	program := c.sops
	if program == nil {
		program = dag.Container().From(sopsImage).File("/usr/local/bin/sops")
	}
	folder, err := os.MkdirTemp("", "programs-")
	if err != nil {
		return err
	}
	if _, err := program.Export(ctx, filepath.Join(folder, "sops")); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Join(folder, "sops"), 0o755); err != nil {
		return err
	}
	return os.Setenv("PATH", folder+":"+os.Getenv("PATH"))
}

// placeSource exports the repository for git and kustomize, and returns it as the
// engine has it already.
func (c *call) placeSource(ctx context.Context) (func(*sdk.Client) *sdk.Directory, error) {
	folder, err := os.MkdirTemp("", "source-")
	if err != nil {
		return nil, err
	}
	if _, err := c.source.Export(ctx, folder); err != nil {
		return nil, err
	}
	c.flag("source", folder).flag("application", c.application)
	id, err := c.source.ID(ctx)
	return func(client *sdk.Client) *sdk.Directory { return sdk.Ref[*sdk.Directory](client, sdk.ID(id)) }, err
}

// placeKubeconfig writes it to memory: a secret must not reach a disk.
func (c *call) placeKubeconfig(ctx context.Context, flag string, secret *dagger.Secret) error {
	if secret == nil {
		return nil
	}
	text, err := secret.Plaintext(ctx)
	if err != nil {
		return err
	}
	content := []byte(text)
	if c.cluster != nil {
		if content, err = c.through(ctx, content); err != nil {
			return err
		}
	}
	return c.inMemory(flag, content)
}

// inMemory writes a file that a flag names to memory.
func (c *call) inMemory(flag string, content []byte) error {
	folder, err := os.MkdirTemp("/dev/shm", flag+"-")
	if err != nil {
		return err
	}
	path := filepath.Join(folder, flag)
	c.flag(flag, path)
	return os.WriteFile(path, content, 0o600)
}

// placeSignKey writes the key to memory and its password into the environment of this process, as on a machine.
func (c *call) placeSignKey(ctx context.Context) error {
	if c.signPassword != nil {
		password, err := c.signPassword.Plaintext(ctx)
		if err != nil {
			return err
		}
		if err := os.Setenv("COSIGN_PASSWORD", password); err != nil {
			return err
		}
	}
	if c.signKey == nil {
		return nil
	}
	key, err := c.signKey.Plaintext(ctx)
	if err != nil {
		return err
	}
	return c.inMemory("sign-key", []byte(key))
}

// placeIDToken writes the token, or what asks GitHub for one, into the environment of this process, as a CI vendor does.
func (c *call) placeIDToken(ctx context.Context) error {
	if c.idToken == nil {
		return nil
	}
	token, err := c.idToken.Plaintext(ctx)
	if err != nil {
		return err
	}
	c.toggle("keyless", true)
	if c.idTokenURL == "" {
		return os.Setenv("SIGSTORE_ID_TOKEN", token)
	}
	if err := os.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", c.idTokenURL); err != nil {
		return err
	}
	return os.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", token)
}

// secrets finds those that steps refer to among the caller's, by the same reference: in the module's container it means nothing.
func (c *call) secrets(ctx context.Context) (func(*sdk.Client, string) *sdk.Secret, error) {
	known := map[string]sdk.ID{}
	for _, secret := range c.stepSecrets {
		uri, err := secret.URI(ctx)
		if err != nil {
			return nil, err
		}
		id, err := secret.ID(ctx)
		if err != nil {
			return nil, err
		}
		known[uri] = sdk.ID(id)
	}
	return func(client *sdk.Client, uri string) *sdk.Secret {
		if id, ok := known[uri]; ok {
			return sdk.Ref[*sdk.Secret](client, id)
		}
		return client.Secret(uri)
	}, nil
}

// login returns the registry's, nil where none is given.
func (c *call) login(ctx context.Context) (*image.Login, error) {
	if (c.user == "") != (c.password == nil) {
		return nil, exit.Usagef("--registry-user and --registry-password: give both, or neither")
	}
	if c.password == nil {
		return nil, nil
	}
	password, err := c.password.Plaintext(ctx)
	return &image.Login{User: c.user, Password: password}, err
}
