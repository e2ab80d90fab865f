// Package command is the command line of Slipway: flags, their environment, git, the
// CI vendor, signals and the exit code. What a stage does is in ci/pipeline.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine/connection"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/interrupt"
	"github.com/slipway-cd/slipway/ci/manual"
)

// Main runs the command that args name, as the program does: it prints errors, handles
// signals and returns the exit code.
func Main(app description.Application, args []string) int {
	ctx, stop := interrupt.Watch(context.Background())
	defer stop()
	err := Run(ctx, app, args, Host{})
	if told := (Ended{}); err != nil && !errors.As(err, &told) {
		fmt.Fprintln(os.Stderr, "slipway:", err)
		for _, line := range exit.Evidence(err) {
			fmt.Fprintln(os.Stderr, "  "+line)
		}
	}
	return Code(ctx, err)
}

// Run runs the command that args name. Code turns its error into an exit code; an error
// of type Ended has already been printed.
func Run(ctx context.Context, app description.Application, args []string, host Host) error {
	var cli commands
	parsed, err := cli.take(ctx, app, args, host)
	if err != nil {
		return err
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return parsed.Run(&cli.flags)
}

// take reads args and what the source says of its application.
func (c *commands) take(ctx context.Context, app description.Application, args []string, host Host) (*kong.Context, error) {
	klog.SetLogger(logr.Discard()) // client-go's; what matters comes back as an error
	parsed, err := newParser(c).Parse(args)
	if err != nil {
		return nil, exit.Usagef("%w; see `%s --help`", err, about.Program())
	}
	c.host, c.sandbox, c.words = host, new(*sandbox), manual.Given(parsed, "until", "from", "version", "environment", "approve", "run", "report", "output")
	if slices.Contains(ownCommands, strings.Fields(parsed.Command())[0]) {
		return parsed, nil
	}
	if c.Engine != "" {
		if err := connection.Name(c.Engine); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(parsed.Command(), "init") {
		return parsed, c.locate(ctx) // there is no description yet
	}
	return parsed, c.adopt(ctx, app)
}

// Code returns the exit code for the error that Run returned.
func Code(ctx context.Context, err error) int {
	ended := Ended{Code: exit.Done}
	if err != nil && !errors.As(err, &ended) {
		return exit.Code(ctx, err)
	}
	return ended.Code
}

// Ended is the error of a command that has already printed everything its user has to
// know: only the exit code is left.
type Ended struct {
	Code  int
	Cause string // in one line; empty where the code says it all
}

// Error returns the cause or, without one, the exit code.
func (e Ended) Error() string {
	if e.Cause == "" {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Cause
}

func newParser(cli *commands, more ...kong.Option) *kong.Kong {
	return kong.Must(cli, append([]kong.Option{
		kong.Name(about.Program()),
		kong.Description("Builds, tests and deploys a commit and verifies it in production. Stages: build, functional, release, deploy, production, cleanup."),
		kong.DefaultEnvars("SLIPWAY"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	}, more...)...)
}
