// Command go-demo is the application that the pipeline of this repository ships: a small HTTP service that keeps names in
// PostgreSQL. It is configured by environment variables only, see [LoadConfig].
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
)

// The build that this is, linked in with -ldflags "-X main.version=... -X main.commit=...".
var (
	version = "dev"
	commit  = "unknown"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// From the first signal on the default holds again, so that a second one ends a drain that takes too long.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "go-demo:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends and every request in flight has been answered. Configuration comes from getenv, logs go to logs.
func run(ctx context.Context, getenv func(string) string, logs io.Writer) error {
	config, err := LoadConfig(getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: config.LogLevel}))
	store, err := OpenPostgres(config.Database)
	if err != nil {
		return err
	}
	defer store.Close()
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("LISTEN: %w", err)
	}
	log.Info("started", "version", version, "commit", commit, "address", listener.Addr().String(), "basePath", config.BasePath)

	state := &State{}
	go Prepare(ctx, store, state, log)
	server := NewServer(config.BasePath, store, state, log)
	return Serve(ctx, server, listener, state, config.DrainDelay, log)
}
