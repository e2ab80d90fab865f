package trace_test

import (
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/goldentest"
	"github.com/slipway-cd/slipway/ci/trace"
	"github.com/slipway-cd/slipway/ci/trace/tracetest"
)

// failed is a run of which there is everything to measure.
func failed() trace.Measured {
	return trace.Measured{
		Pipeline: trace.Pipeline{Name: "demo", Run: "one"}, Outcome: trace.Outcome{Result: trace.Failure, Error: "crash", Cause: "it crashes"}, Seconds: 20.5,
		Stages: []trace.MeasuredStage{
			{Name: "build", Type: trace.Build, Result: trace.Success, Seconds: 3},
			{Name: "deploy", Type: trace.Deploy, Result: trace.Failure, Seconds: 11.6},
			{Name: "cleanup", Result: trace.Success, Seconds: 0.1},
		},
		Delivery: &trace.Delivery{Month: "2026-11", Deployments: 4, LeadSeconds: new(9000.0), FailureRate: new(0.25)},
	}
}

// measured measures a run as the environment asks for it.
func measured(t *testing.T, run trace.Measured) (string, error) {
	t.Helper()
	metrics, err := trace.NewMetrics(t.Context(), trace.Origin{Revision: "4bf92f35", Branch: "main"})
	require.NoError(t, err)
	require.NoError(t, metrics.Record(t.Context(), run))
	text, err := metrics.Text()
	require.NoError(t, err)
	return string(text), metrics.Close()
}

func TestARunIsMeasuredInTheTextOfOpenMetrics(t *testing.T) {
	tracetest.Ask(t, "")
	text, err := measured(t, failed())
	require.NoError(t, err, "nobody asked for an export")
	require.True(t, strings.HasSuffix(text, "\n# EOF\n"))
	text = regexp.MustCompile(`(?m)^(slipway_run_ended_seconds{.*}) .*`).ReplaceAllString(text, "$1 NOW")
	text = regexp.MustCompile(`telemetry_sdk_version="[^"]*"`).ReplaceAllString(text, `telemetry_sdk_version="V"`)
	goldentest.Require(t, "metrics.txt", text)
}

func TestMetricsAreExportedByTheNamesOfTheConventions(t *testing.T) {
	receiver := tracetest.Receive(t)
	tracetest.Ask(t, receiver.URL)
	_, err := measured(t, failed())
	require.NoError(t, err)
	require.Equal(t, "4bf92f35", receiver.Resource()["vcs.ref.head.revision"])
	got := receiver.Metrics()
	duration := got["cicd.pipeline.run.duration"]
	require.Equal(t, "s", duration.Unit)
	point := duration.GetHistogram().DataPoints[0]
	require.Equal(t, 20.5, point.GetSum())
	require.Equal(t, map[string]string{"cicd.pipeline.name": "demo", "cicd.pipeline.run.state": "finalizing", "cicd.pipeline.result": "failure", "error.type": "crash"}, tracetest.Attributes(point.Attributes))
	failures := got["cicd.pipeline.run.errors"].GetSum().DataPoints[0]
	require.EqualValues(t, 1, failures.GetAsInt())
	require.Equal(t, map[string]string{"cicd.pipeline.name": "demo", "error.type": "crash"}, tracetest.Attributes(failures.Attributes))
	require.Len(t, got["slipway.stage.duration"].GetGauge().DataPoints, 3)
	require.Contains(t, got, "slipway.delivery.lead_time")
	require.NotContains(t, got, "slipway.delivery.recovery_time", "there was nothing to recover from")

	_, err = measured(t, trace.Measured{Pipeline: trace.Pipeline{Name: "demo"}, Outcome: trace.Outcome{Result: trace.Success}})
	require.NoError(t, err)
	require.NotContains(t, receiver.Metrics(), "cicd.pipeline.run.errors")
}

func TestMetricsAreExportedOnlyWhereAStandardVariableAsksForIt(t *testing.T) {
	receiver := tracetest.Receive(t)
	for name, c := range map[string]struct {
		variable, value string
		sent            bool
	}{
		"none of the exporters": {"OTEL_METRICS_EXPORTER", "none", false},
		"turned off":            {"OTEL_SDK_DISABLED", "true", false},
		"no exporter of traces": {"OTEL_TRACES_EXPORTER", "none", true},
	} {
		tracetest.Ask(t, receiver.URL)
		t.Setenv(c.variable, c.value)
		run := failed()
		run.Pipeline.Name = name
		_, err := measured(t, run)
		require.NoError(t, err)
		sent := false
		if duration := receiver.Metrics()["cicd.pipeline.run.duration"]; duration != nil {
			sent = tracetest.Attributes(duration.GetHistogram().DataPoints[0].Attributes)["cicd.pipeline.name"] == name
		}
		require.Equal(t, c.sent, sent, name)
		t.Setenv(c.variable, "")
	}
	tracetest.Ask(t, receiver.URL)
	t.Setenv("OTEL_METRICS_EXPORTER", "prometheus")
	metrics, err := trace.NewMetrics(t.Context(), trace.Origin{})
	require.ErrorContains(t, err, "OTEL_METRICS_EXPORTER")
	require.NoError(t, metrics.Record(t.Context(), failed()), "the file is written all the same")
	require.NoError(t, metrics.Close())
}

func TestACollectorOfMetricsThatIsSilentIsGivenUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	tracetest.Ask(t, "http://"+listener.Addr().String())
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cr3t-token")
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
		start := time.Now()
		_, err = measured(t, failed())
		require.EqualError(t, err, "metrics could not be exported: no answer within 2s")
		require.Less(t, time.Since(start), trace.FlushTime+time.Second)
	}
}
