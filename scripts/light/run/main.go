// Command run starts the light tier, runs a command that finds it in KUBECONFIG
// and SLIPWAY_TEST_KUBECONFIG, and takes it down again:
//
//	go run ./scripts/light/run go test -count=1 ./ci/cluster/integration
//
// Without a command it prints where the tier is and keeps it until interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/slipway-cd/slipway/scripts/light"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx, os.Args[1:])
	var ended *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &ended) && ended.ExitCode() > 0: // the command has said why
		os.Exit(ended.ExitCode())
	default:
		fmt.Fprintln(os.Stderr, "light:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command []string) error {
	dieWithParent()
	programs, err := light.Build(ctx, ".")
	if err != nil {
		return err
	}
	begun := time.Now()
	cluster, err := light.Start(ctx, programs)
	if err != nil {
		return err
	}
	defer cluster.Stop()
	fmt.Fprintf(os.Stderr, "light: up after %.1fs\n", time.Since(begun).Seconds())
	if len(command) == 0 {
		fmt.Printf("export KUBECONFIG='%s'\nexport PATH='%s':\"$PATH\"\n", cluster.Kubeconfig, filepath.Dir(programs.Kubectl))
		<-ctx.Done()
		return nil
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "KUBECONFIG="+cluster.Kubeconfig, "SLIPWAY_TEST_KUBECONFIG="+cluster.Kubeconfig, "SLIPWAY_LIGHT_AUDIT_LOG="+cluster.AuditLog)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd.Run()
}
