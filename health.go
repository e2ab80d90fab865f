package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// pingTimeout ends a look at the database before the probe that asked for it gives up (1 s in the Deployment).
const pingTimeout = 800 * time.Millisecond

// State is what this process knows about its own readiness; the zero value is starting.
type State struct {
	prepared atomic.Bool // the store has been prepared
	draining atomic.Bool // SIGTERM came: no new work is wanted
}

// Prepare prepares the store, trying again with growing pauses until it works or ctx ends: at a first deploy the database
// starts at the same time as this process, and a process that dies instead would wait for ever longer restarts.
func Prepare(ctx context.Context, store Store, state *State, log *slog.Logger) {
	const longest = 250 * time.Millisecond
	pause := 50 * time.Millisecond
	for {
		err := store.Prepare(ctx)
		if err == nil {
			state.prepared.Store(true)
			log.Info("database prepared")
			return
		}
		log.Warn("database not ready, trying again", "pause", pause.String(), "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longest)
	}
}

// handleLive answers as long as the process can: a restart cures nothing that lies outside of it.
func handleLive(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]string{"status": "live"})
}

// handleHealth answers whether requests should be sent here: the database can be reached and no shutdown has begun.
func (s *Server) handleHealth(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
	defer cancel()
	switch {
	case s.state.draining.Load():
		respondError(w, http.StatusServiceUnavailable, "shutting down")
	case !s.state.prepared.Load():
		respondError(w, http.StatusServiceUnavailable, "database not prepared yet")
	case s.store.Ping(ctx) != nil:
		respondError(w, http.StatusServiceUnavailable, "database not reachable")
	default:
		respond(w, http.StatusOK, map[string]string{"status": "ready"})
	}
}
