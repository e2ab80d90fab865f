package main

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are the numbers at /metrics. They have a registry of their own, since the default one is shared by the process.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics() *metrics {
	// The pattern, not the path: as many series as there are endpoints, however many persons there are.
	labels := []string{"pattern", "code"}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered, by pattern and status code.",
		}, labels),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to answer, by pattern and status code.",
		}, labels),
	}
	m.registry.MustRegister(m.requests, m.duration,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe counts, times and logs what next answers.
func (s *Server) observe(m *metrics, basePath string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(recorder, r)
		elapsed := time.Since(start)

		pattern := r.Pattern // set by the router
		if pattern == "" {
			pattern = "none"
		}
		code := strconv.Itoa(recorder.code)
		m.requests.WithLabelValues(pattern, code).Inc()
		m.duration.WithLabelValues(pattern, code).Observe(elapsed.Seconds())

		level := slog.LevelInfo
		if !strings.HasPrefix(r.URL.Path, basePath+"/") {
			level = slog.LevelDebug // probes, once a second each, would drown the rest
		}
		s.log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path, "status", recorder.code,
			"seconds", elapsed.Seconds(), "traceparent", r.Header.Get("traceparent"))
	})
}

// statusRecorder remembers the status code that was written.
type statusRecorder struct {
	http.ResponseWriter
	code int
}

func (r *statusRecorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the writer below.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
