// Command sandbox runs a real Dagger engine, a real Kubernetes node and a real
// registry as three containers on a Docker network of their own, the same on a
// laptop and on a bare machine.
//
// `go run ./ci sandbox ...` calls it; it is a module of its own so that what it
// needs stays out of the pipeline's.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/coordinates"
)

type commands struct {
	Up struct {
		JSON bool `help:"Print where everything is as JSON." name:"json"`
	} `cmd:"" help:"Start what is not running; build what was never built."`
	Down   struct{} `cmd:"" help:"Stop everything and leave nothing behind but the caches and the state."`
	Reset  struct{} `cmd:"" help:"Down, and drop the state: cluster, registry and engine cache."`
	Status struct{} `cmd:"" help:"Show each part, its version, health and address."`
	Env    struct{} `cmd:"" help:"Print export lines for kubectl, dagger, docker and crane."`

	Programs struct{} `cmd:"" help:"Print as JSON where the programs of scripts/light lie; build what was never built."`
}

func main() {
	var cli commands
	parser := kong.Must(&cli, kong.Name("sandbox"), kong.Description("The embedded engine, cluster and registry."))
	parsed, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	// dockerd, iptables and ip lie here; not every way to become root names it.
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		parser.FatalIfErrorf(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, parsed.Command(), cli); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, command string, cli commands) error {
	s, err := open()
	if err != nil {
		return err
	}
	switch command {
	case "up":
		at, err := s.Up(ctx)
		if err != nil {
			return err
		}
		if cli.Up.JSON {
			return json.NewEncoder(os.Stdout).Encode(at)
		}
		fmt.Println("sandbox is up; `sandbox env` prints what kubectl, dagger and crane need")
		return nil
	case "down":
		return s.Down(ctx, false)
	case "reset":
		return s.Down(ctx, true)
	case "status":
		return s.Status(ctx, os.Stdout)
	case "programs":
		at, err := s.Programs(ctx)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(at)
	default:
		at, err := coordinates.Load(s.cache)
		if err != nil {
			return err
		}
		b, err := s.newBuild()
		if err != nil {
			return err
		}
		return at.WriteEnv(os.Stdout, b.Kubectl())
	}
}
