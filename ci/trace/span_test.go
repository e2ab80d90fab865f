package trace_test

import (
	"context"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/slipway-cd/slipway/ci/trace"
	"github.com/slipway-cd/slipway/ci/trace/tracetest"
)

const vendors = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestTestsHangTheirSpansBelowTheirSuite(t *testing.T) {
	receiver := tracetest.Receive(t)
	tracetest.Ask(t, receiver.URL)
	tracer, err := trace.New(t.Context(), trace.Origin{})
	require.NoError(t, err)
	ctx, run := tracer.Start(t.Context(), trace.Pipeline{Name: "demo", Run: "one"})
	ctx, suite := trace.Tests(ctx, "functional", "http://api:8080/beta/one")
	inContainer := trace.Environment(ctx)
	suite.Case("TestHello", trace.CasePassed, 0.25)
	suite.Case("Test\xffHealth", trace.CaseFailed, 0) // whatever an application prints
	suite.End(ctx, errors.New("tests \xff fail"))
	run.End(trace.Outcome{Result: trace.Failure})
	require.NoError(t, tracer.Close())

	span := receiver.Span(t, "functional tests")
	require.Equal(t, receiver.Span(t, "RUN demo").SpanId, span.ParentSpanId)
	require.Equal(t, []trace.Variable{{Name: "TRACEPARENT",
		Value: "00-" + hex.EncodeToString(span.TraceId) + "-" + hex.EncodeToString(span.SpanId) + "-01"}}, inContainer)
	require.Equal(t, otlp.Status_STATUS_CODE_ERROR, span.Status.Code)
	attributes := tracetest.Attributes(span.Attributes)
	require.Equal(t, "functional", attributes["test.suite.name"])
	require.Equal(t, "failure", attributes["test.suite.run.status"])
	require.Equal(t, "http://api:8080/beta/one", attributes["url.full"])
	require.Len(t, span.Events, 2)
	first, second := tracetest.Attributes(span.Events[0].Attributes), tracetest.Attributes(span.Events[1].Attributes)
	require.Equal(t, "TestHello", first["test.case.name"])
	require.Equal(t, "pass", first["test.case.result.status"])
	require.Equal(t, "Test\uFFFDHealth", second["test.case.name"])
	require.Equal(t, "fail", second["test.case.result.status"])
}

func TestASuiteThatIsInterruptedIsAborted(t *testing.T) {
	receiver := tracetest.Receive(t)
	tracetest.Ask(t, receiver.URL)
	tracer, err := trace.New(t.Context(), trace.Origin{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ctx, run := tracer.Start(ctx, trace.Pipeline{Name: "demo", Run: "one"})
	ctx, suite := trace.Tests(ctx, "functional", "http://api:8080")
	cancel()
	suite.End(ctx, ctx.Err())
	run.End(trace.Outcome{Result: trace.Cancellation})
	require.NoError(t, tracer.Close())
	require.Equal(t, "aborted", tracetest.Attributes(receiver.Span(t, "functional tests").Attributes)["test.suite.run.status"])
}

func TestWithoutAnExportTheVendorsSpanIsPassedOn(t *testing.T) {
	tracetest.Ask(t, "")
	t.Setenv("TRACEPARENT", vendors)
	t.Setenv("TRACESTATE", "vendor=1")
	tracer, err := trace.New(t.Context(), trace.Origin{})
	require.NoError(t, err)
	ctx, _ := tracer.Start(t.Context(), trace.Pipeline{Name: "demo"})
	ctx, _ = trace.Stage(ctx, trace.Task{Name: "functional"})
	require.Equal(t, []trace.Variable{{Name: "TRACEPARENT", Value: vendors}, {Name: "TRACESTATE", Value: "vendor=1"}}, trace.Environment(ctx))
}

func TestWithoutAnySpanThereIsNothingToPassOn(t *testing.T) {
	tracetest.Ask(t, "")
	t.Setenv("TRACESTATE", "")
	tracer, err := trace.New(t.Context(), trace.Origin{})
	require.NoError(t, err)
	ctx, _ := tracer.Start(t.Context(), trace.Pipeline{Name: "demo"})
	require.Empty(t, trace.Environment(ctx))
}
