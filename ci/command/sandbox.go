package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/pinned"
)

type sandboxCommand struct {
	Action string `arg:"" enum:"up,down,status,reset,env" help:"up, down, status, reset or env."`
}

// Run hands the action to scripts/sandbox.
func (c *sandboxCommand) Run(ctx context.Context) error {
	cmd, err := sandboxProgram(ctx, c.Action)
	if err != nil {
		return err
	}
	cmd.Stdout = os.Stdout
	return sandboxError(ctx, cmd.Run())
}

// sandbox is where the embedded engine, cluster and registry are.
type sandbox struct {
	Kubeconfig string            `json:"kubeconfig"` // the administrator's
	Image      string            `json:"image"`
	Dial       map[string]string `json:"dial"`
	Env        map[string]string `json:"env"`
}

// sandboxUp is where the sandbox is, which is started where it is not running. It is asked once: a command may be in several
// environments, and each asking is a process.
func (f *flags) sandboxUp(ctx context.Context) (at *sandbox, err error) {
	if *f.sandbox == nil {
		*f.sandbox, err = sandboxUp(ctx)
	}
	return *f.sandbox, err
}

// sandboxUp starts what is not running and returns where it is.
func sandboxUp(ctx context.Context) (*sandbox, error) {
	cmd, err := sandboxProgram(ctx, "up", "--json")
	if err != nil {
		return nil, err
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, sandboxError(ctx, err)
	}
	var at sandbox
	if err := json.Unmarshal(out, &at); err != nil {
		return nil, fmt.Errorf("read the output of the sandbox: %w", err)
	}
	for name, value := range at.Env { // the SDK reads them from the environment
		if os.Getenv(name) == "" {
			if err := os.Setenv(name, value); err != nil {
				return nil, err
			}
		}
	}
	return &at, nil
}

// dial connects to names that only the sandbox's network knows through the ports
// that it publishes on this host.
func (s *sandbox) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if at, ok := s.Dial[address]; ok {
		address = at
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// sandboxProgram is scripts/sandbox, which is a module of its own so that its
// dependencies stay out of this one.
func sandboxProgram(ctx context.Context, args ...string) (*exec.Cmd, error) {
	folder, err := pinned.Module("sandbox")
	if err != nil {
		return nil, exit.Usagef("no sandbox here (%w): give --kubeconfig and --image", err)
	}
	program, err := pinned.Compile(ctx, folder, ".")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = folder
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd, nil
}

// sandboxError leaves out what scripts/sandbox has already printed itself.
func sandboxError(ctx context.Context, err error) error {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &ended):
		return Ended{Code: exit.Unreachable}
	}
	return fmt.Errorf("run scripts/sandbox: %w", err)
}
