package main

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Server answers the application's requests.
type Server struct {
	store   Store
	state   *State
	log     *slog.Logger
	handler http.Handler
}

// NewServer returns a server whose endpoints for users lie below basePath, those for the cluster at the root: an Ingress that
// publishes basePath publishes neither probes nor metrics.
func NewServer(basePath string, store Store, state *State, log *slog.Logger) *Server {
	s := &Server{store: store, state: state, log: log}
	metrics := newMetrics()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+basePath+"/hello", handleHello)
	mux.HandleFunc("GET "+basePath+"/person/{id}", s.getPerson)
	mux.HandleFunc("PUT "+basePath+"/person/{id}", s.putPerson)
	mux.HandleFunc("DELETE "+basePath+"/person/{id}", s.deletePerson)
	mux.HandleFunc("GET "+basePath+"/health", s.handleHealth)
	mux.HandleFunc("GET "+basePath+"/version", handleVersion)

	mux.HandleFunc("GET /health", s.handleHealth)
	mux.HandleFunc("GET /live", handleLive)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics.registry, promhttp.HandlerOpts{}))
	s.handler = s.observe(metrics, basePath, mux)
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.state.draining.Load() {
		// Clients that keep connections open move on to another replica with their next request.
		w.Header().Set("Connection", "close")
	}
	s.handler.ServeHTTP(w, r)
}

func handleHello(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]string{"message": "Hello, World!"})
}

func handleVersion(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]string{"version": version, "commit": commit})
}

// respond writes body as JSON. An error while writing means that the client has gone; nobody is left to tell.
func respond(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

// respondError writes message as the reason for an answer that is not the one hoped for.
func respondError(w http.ResponseWriter, code int, message string) {
	respond(w, code, map[string]string{"error": message})
}
