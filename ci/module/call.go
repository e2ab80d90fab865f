package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"dagger/slipway/internal/dagger"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/command"
	"github.com/slipway-cd/slipway/ci/exit"
)

// call is one use of the command line, in the module's container.
type call struct {
	source       *dagger.Directory
	application  string         // folder in source
	kubeconfig   *dagger.Secret // of the build namespace; nil: not needed
	production   *dagger.Secret // of production; nil: not needed, or the same
	cluster      *dagger.Service
	image        string
	user         string
	password     *dagger.Secret
	signKey      *dagger.Secret // nil: one that is kept in the build namespace
	signPassword *dagger.Secret // nil: it has none
	idToken      *dagger.Secret // nil: nothing is signed keyless
	idTokenURL   string         // where idToken asks for the token; empty: it is the token
	ageKey       *dagger.Secret // nil: no overlay has files that SOPS encrypted
	sops         *dagger.File   // its program; nil: the published one
	stepSecrets  []*dagger.Secret

	args []string
}

// flag gives a flag each of the values that is not empty.
func (c *call) flag(name string, values ...string) *call {
	for _, value := range values {
		if value != "" {
			c.args = append(c.args, "--"+name+"="+value)
		}
	}
	return c
}

// toggle gives a flag that has no value.
func (c *call) toggle(name string, wanted bool) *call {
	if wanted {
		c.args = append(c.args, "--"+name)
	}
	return c
}

// json has a command print what programs read.
func (c *call) json(wanted bool) *call {
	if wanted {
		return c.flag("output", "json")
	}
	return c.flag("output", "plain")
}

// reports is the folder of the module's own where a run leaves them.
const reports = "report"

// report carries out a command that leaves reports and returns them.
func (c *call) report(ctx context.Context, allowFailure bool, args ...string) (*dagger.Directory, error) {
	c.flag("report", reports).flag("output", "plain")
	err := c.do(ctx, os.Stdout, args...)
	if ended := (command.Ended{}); err != nil && !(allowFailure && errors.As(err, &ended)) {
		return nil, err
	}
	return dag.CurrentModule().Workdir(reports), nil
}

// text carries out a command that prints and returns what it does. That a plan has
// changes is no failure.
func (c *call) text(ctx context.Context, args ...string) (string, error) {
	var out strings.Builder
	err := c.do(ctx, &out, args...)
	if ended := (command.Ended{}); errors.As(err, &ended) && ended.Code == exit.Changes {
		err = nil
	}
	return out.String(), err
}

// built carries out checks, unit tests and build, and returns the image.
func (c *call) built(ctx context.Context) (*dagger.Container, error) {
	host, err := c.host(ctx)
	if err != nil {
		return nil, told(ctx, err)
	}
	id, err := command.Image(ctx, app.Application, c.args, host)
	if err != nil {
		return nil, told(ctx, err)
	}
	return dagger.Ref[*dagger.Container](dag, dagger.ID(id)), nil
}

// do carries out a command; what it prints goes to out.
func (c *call) do(ctx context.Context, out io.Writer, args ...string) error {
	host, err := c.host(ctx)
	if err != nil {
		return told(ctx, err)
	}
	host.Out = out
	return told(ctx, command.Run(ctx, app.Application, append(args, c.args...), host))
}

// told adds the exit code to what does not tell it, since a function has none.
func told(ctx context.Context, err error) error {
	if ended := (command.Ended{}); err == nil || errors.As(err, &ended) {
		return err
	}
	return fmt.Errorf("%w (exit code %d)", err, command.Code(ctx, err))
}
