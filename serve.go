package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// drainTimeout is for requests in flight. With the longest usual DRAIN_DELAY it stays below the 30 s that a pod is given.
const drainTimeout = 20 * time.Second

// Serve answers requests on listener until ctx ends, then drains: readiness is taken back, requests are accepted for drainDelay
// more, since the cluster goes on sending them until the news has reached every proxy, and those in flight are answered.
// It returns nil when none was cut off.
func Serve(ctx context.Context, handler http.Handler, listener net.Listener, state *State, drainDelay time.Duration, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}

	state.draining.Store(true)
	log.Info("draining", "delay", drainDelay.String())
	time.Sleep(drainDelay)
	// ctx has ended: what is left to do has a deadline of its own.
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(finish)
	if served := <-served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	log.Info("stopped")
	return nil
}
