package trace_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/slipway-cd/slipway/ci/trace"
	"github.com/slipway-cd/slipway/ci/trace/tracetest"
)

// run makes a tracer of what the environment asks for and one span, and closes it.
func run(t *testing.T, from trace.Origin) error {
	t.Helper()
	tracer, err := trace.New(t.Context(), from)
	require.NoError(t, err)
	_, span := tracer.Start(t.Context(), trace.Pipeline{Name: "demo", Run: "one"})
	span.End(trace.Outcome{Result: trace.Success})
	return tracer.Close()
}

func TestAnExportIsWantedOnlyWhereAStandardVariableAsksForIt(t *testing.T) {
	for name, c := range map[string]struct {
		variables map[string]string
		wanted    bool
	}{
		"none is set":            {nil, false},
		"an endpoint":            {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, true},
		"an endpoint of traces":  {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost/v1/traces"}, true},
		"an endpoint of metrics": {map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://localhost/v1/metrics"}, false},
		"an exporter":            {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		"none of the exporters":  {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, false},
		"turned off":             {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, false},
		"only a name":            {map[string]string{"OTEL_SERVICE_NAME": "ours"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tracetest.Ask(t, "")
			for variable, value := range c.variables {
				t.Setenv(variable, value)
			}
			require.Equal(t, c.wanted, trace.Wanted())
			tracer, err := trace.New(t.Context(), trace.Origin{})
			require.NoError(t, err)
			require.Equal(t, c.wanted, tracer != nil)
		})
	}
}

func TestTheResourceTellsTheOriginAndTheEnvironmentWins(t *testing.T) {
	receiver := tracetest.Receive(t)
	tracetest.Ask(t, receiver.URL)
	from := trace.Origin{Revision: "4bf92f35", Branch: "main", Repository: "https://example.com/team/app"}
	require.NoError(t, run(t, from))
	resource := receiver.Resource()
	require.Equal(t, "slipway", resource["service.name"])
	require.Equal(t, "4bf92f35", resource["vcs.ref.head.revision"])
	require.Equal(t, "main", resource["vcs.ref.head.name"])
	require.Equal(t, "https://example.com/team/app", resource["vcs.repository.url.full"])

	t.Setenv("OTEL_SERVICE_NAME", "ours")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "team=a,vcs.ref.head.name=theirs")
	require.NoError(t, run(t, trace.Origin{Branch: "main"}))
	resource = receiver.Resource()
	require.Equal(t, "ours", resource["service.name"])
	require.Equal(t, "a", resource["team"])
	require.Equal(t, "theirs", resource["vcs.ref.head.name"])
	require.NotContains(t, resource, "vcs.repository.url.full", "it is not known")
}

func TestSpansAreExportedOverGRPCWhereThatIsTheProtocol(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	received := &service{names: make(chan string, 1)}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, received)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)

	tracetest.Ask(t, "http://"+listener.Addr().String())
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	require.NoError(t, run(t, trace.Origin{}))
	require.Equal(t, "RUN demo", <-received.names)
}

// service is a collector that tells the name of the first span of each export.
type service struct {
	collector.UnimplementedTraceServiceServer
	names chan string
}

func (s *service) Export(_ context.Context, exported *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.names <- exported.ResourceSpans[0].ScopeSpans[0].Spans[0].Name
	return &collector.ExportTraceServiceResponse{}, nil
}

func TestVariablesThatMakeNoSenseAreAnError(t *testing.T) {
	for variable, value := range map[string]string{
		"OTEL_TRACES_EXPORTER":        "zipkin",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
		"OTEL_RESOURCE_ATTRIBUTES":    "team",
	} {
		t.Run(variable, func(t *testing.T) {
			tracetest.Ask(t, "http://localhost:4318")
			t.Setenv(variable, value)
			_, err := trace.New(t.Context(), trace.Origin{})
			require.ErrorContains(t, err, variable)
		})
	}
}

func TestACollectorThatIsNotThereCostsNoTime(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			tracetest.Ask(t, "http://"+listener.Addr().String())
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			start := time.Now()
			err := run(t, trace.Origin{})
			require.ErrorContains(t, err, "traces could not be exported: ")
			require.ErrorContains(t, err, "connection refused")
			require.Less(t, time.Since(start), trace.FlushTime)
		})
	}
}

func TestACollectorThatDoesNotAnswerIsGivenUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // it takes connections and is silent
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			tracetest.Ask(t, "http://"+listener.Addr().String())
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			start := time.Now()
			require.EqualError(t, run(t, trace.Origin{}), "traces could not be exported: no answer within 2s")
			require.Less(t, time.Since(start), trace.FlushTime+time.Second)
		})
	}
}

func TestHeadersAreSentAndNeverTold(t *testing.T) {
	var sent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		http.Error(w, "who is "+sent+"?", http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	tracetest.Ask(t, server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a,authorization=Bearer%20s3cr3t/%2Ftoken")
	err := run(t, trace.Origin{})
	require.Equal(t, "Bearer s3cr3t//token", sent)
	require.ErrorContains(t, err, "401 Unauthorized")
	require.NotContains(t, err.Error(), "s3cr3t")
}
