// Package tracetest receives spans and metrics as a collector does, for tests.
package tracetest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	measured "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Receiver keeps what is exported to it over OTLP.
type Receiver struct {
	URL string

	mutex    sync.Mutex
	spans    []*trace.Span
	measured map[string]*measured.Metric
	resource map[string]string
	headers  http.Header
}

// Receive starts a receiver of OTLP over HTTP. Nothing is exported to it unless Ask
// asks for that.
func Receive(t *testing.T) *Receiver {
	t.Helper()
	r := &Receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if request.URL.Path == "/v1/metrics" {
			var exported metrics.ExportMetricsServiceRequest
			if err != nil || proto.Unmarshal(body, &exported) != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			r.keepMetrics(&exported)
			return
		}
		var exported collector.ExportTraceServiceRequest
		if err != nil || request.URL.Path != "/v1/traces" || proto.Unmarshal(body, &exported) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.keep(&exported, request.Header)
	}))
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// Ask makes the environment ask for an export to an endpoint, and for nothing else; an
// empty endpoint asks for none.
func Ask(t *testing.T, endpoint string) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("TRACEPARENT", "")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
}

func (r *Receiver) keep(exported *collector.ExportTraceServiceRequest, headers http.Header) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.headers = headers
	for _, of := range exported.ResourceSpans {
		r.resource = Attributes(of.Resource.Attributes)
		for _, in := range of.ScopeSpans {
			r.spans = append(r.spans, in.Spans...)
		}
	}
}

func (r *Receiver) keepMetrics(exported *metrics.ExportMetricsServiceRequest) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.measured = map[string]*measured.Metric{}
	for _, of := range exported.ResourceMetrics {
		r.resource = Attributes(of.Resource.Attributes)
		for _, in := range of.ScopeMetrics {
			for _, one := range in.Metrics {
				r.measured[one.Name] = one
			}
		}
	}
}

// Metrics returns the metrics received last, by name.
func (r *Receiver) Metrics() map[string]*measured.Metric {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.measured
}

// Spans returns all spans received.
func (r *Receiver) Spans() []*trace.Span {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.spans
}

// Span returns the one span of that name.
func (r *Receiver) Span(t *testing.T, name string) *trace.Span {
	t.Helper()
	var found []*trace.Span
	for _, span := range r.Spans() {
		if span.Name == name {
			found = append(found, span)
		}
	}
	require.Len(t, found, 1, name)
	return found[0]
}

// Resource returns the attributes of what the spans came from.
func (r *Receiver) Resource() map[string]string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.resource
}

// Header returns a header of the last request.
func (r *Receiver) Header(name string) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.headers.Get(name)
}

// Attributes returns attributes as a map.
func Attributes(list []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, one := range list {
		out[one.Key] = one.Value.GetStringValue()
	}
	return out
}
