package pipeline

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/telemetry"
	"github.com/slipway-cd/slipway/ci/trace"
	"github.com/slipway-cd/slipway/ci/trace/tracetest"
)

// traced is a fake pipeline that exports to a receiver.
func traced(t *testing.T, names ...string) (*fake, *tracetest.Receiver) {
	t.Helper()
	receiver := tracetest.Receive(t)
	tracetest.Ask(t, receiver.URL)
	f := newFake(t, names...)
	f.app.Name, f.opts.RunURL = "demo", "https://ci.example.com/7"
	return f, receiver
}

// executeTraced does what the program does around Execute.
func (f *fake) executeTraced(t *testing.T, ctx context.Context) (report.Report, error) {
	t.Helper()
	var err error
	f.env.Tracer, err = trace.New(ctx, trace.Origin{Revision: "4bf92f35"})
	require.NoError(t, err)
	return f.execute(t, ctx), f.env.Tracer.Close()
}

func attributes(t *testing.T, from *tracetest.Receiver, span string) map[string]string {
	t.Helper()
	return tracetest.Attributes(from.Span(t, span).Attributes)
}

func TestAPassedRunIsATraceOfItsStagesAndObjects(t *testing.T) {
	f, receiver := traced(t, "build", "functional", "deploy", "release")
	f.opts.Until = "deploy"
	at := time.Now()
	var inTests []trace.Variable
	f.on("functional", func(ctx context.Context) error {
		inTests = trace.Environment(ctx)
		return nil
	})
	f.on("deploy", func(ctx context.Context) error {
		f.journal.Heard(ctx, "Deployment demo/api", "0 of 2 replicas updated", at)
		f.journal.Heard(ctx, "Ingress demo/api", "configured", at)
		f.journal.Heard(ctx, "Deployment demo/api", "ready", at.Add(time.Second))
		return nil
	})
	done, err := f.executeTraced(t, t.Context())
	require.NoError(t, err)
	require.Equal(t, report.Passed, done.Result)

	run := receiver.Span(t, "RUN demo")
	require.Empty(t, run.ParentSpanId)
	require.Equal(t, otlp.Span_SPAN_KIND_SERVER, run.Kind)
	require.Equal(t, map[string]string{"cicd.pipeline.action.name": "RUN", "cicd.pipeline.name": "demo", "cicd.pipeline.run.id": "one",
		"cicd.pipeline.run.url.full": "https://ci.example.com/7", "cicd.pipeline.result": "success"}, tracetest.Attributes(run.Attributes))
	require.Equal(t, "4bf92f35", receiver.Resource()["vcs.ref.head.revision"])

	for name, kind := range map[string]string{"build": "build", "functional": "test", "deploy": "deploy", "cleanup": ""} {
		stage := receiver.Span(t, name)
		require.Equal(t, run.SpanId, stage.ParentSpanId, name)
		require.Equal(t, run.TraceId, stage.TraceId, name)
		require.Equal(t, otlp.Span_SPAN_KIND_INTERNAL, stage.Kind, name)
		of := tracetest.Attributes(stage.Attributes)
		require.Equal(t, name, of["cicd.pipeline.task.name"])
		require.Equal(t, "one/"+name, of["cicd.pipeline.task.run.id"])
		require.Equal(t, kind, of["cicd.pipeline.task.type"], name)
		require.Equal(t, "success", of["cicd.pipeline.task.run.result"], name)
	}
	require.Equal(t, "skip", attributes(t, receiver, "release")["cicd.pipeline.task.run.result"])
	require.Contains(t, inTests[0].Value, hex.EncodeToString(receiver.Span(t, "functional").SpanId))

	object := receiver.Span(t, "wait for Deployment")
	require.Equal(t, receiver.Span(t, "deploy").SpanId, object.ParentSpanId)
	require.Equal(t, map[string]string{"k8s.namespace.name": "demo", "k8s.deployment.name": "api",
		"slipway.object.kind": "Deployment", "slipway.object.name": "api"}, tracetest.Attributes(object.Attributes))
	require.Equal(t, uint64(time.Second), object.EndTimeUnixNano-object.StartTimeUnixNano)
	require.Len(t, object.Events, 2)
	require.Equal(t, "ready", tracetest.Attributes(object.Events[1].Attributes)["slipway.object.state"])
	require.Equal(t, "Ingress", attributes(t, receiver, "wait for Ingress")["slipway.object.kind"])
}

func TestAFailedRunNamesTheErrorInItsSpans(t *testing.T) {
	f, receiver := traced(t, "build", "deploy", "production")
	f.on("deploy", func(ctx context.Context) error {
		f.journal.Heard(ctx, "Deployment demo/api", "image cannot be pulled", time.Now())
		return &exit.Failure{Code: exit.Image, Cause: "no such image", Err: errors.New("no")}
	})
	done, err := f.executeTraced(t, t.Context())
	require.NoError(t, err)
	require.Equal(t, exit.Image, done.ExitCode)
	for _, name := range []string{"RUN demo", "deploy"} {
		span := receiver.Span(t, name)
		require.Equal(t, otlp.Status_STATUS_CODE_ERROR, span.Status.Code, name)
		require.Equal(t, "no such image", span.Status.Message, name)
		require.Equal(t, "image", tracetest.Attributes(span.Attributes)["error.type"], name)
	}
	require.Equal(t, "failure", attributes(t, receiver, "RUN demo")["cicd.pipeline.result"])
	require.Equal(t, "failure", attributes(t, receiver, "deploy")["cicd.pipeline.task.run.result"])
	require.Equal(t, "skip", attributes(t, receiver, "production")["cicd.pipeline.task.run.result"])
	require.Equal(t, "success", attributes(t, receiver, "cleanup")["cicd.pipeline.task.run.result"])
	require.Equal(t, "image cannot be pulled", receiver.Span(t, "wait for Deployment").Status.Message)
}

func TestAnInterruptedRunIsExportedAsCancelled(t *testing.T) {
	f, receiver := traced(t, "build", "deploy")
	ctx, cancel := context.WithCancelCause(t.Context())
	f.on("build", func(ctx context.Context) error {
		cancel(exit.Interrupt{Signal: syscall.SIGINT})
		<-ctx.Done()
		return ctx.Err()
	})
	done, err := f.executeTraced(t, ctx)
	require.NoError(t, err)
	require.Equal(t, exit.Interrupted, done.ExitCode)
	require.Equal(t, "cancellation", attributes(t, receiver, "RUN demo")["cicd.pipeline.result"])
	require.Equal(t, "cancellation", attributes(t, receiver, "build")["cicd.pipeline.task.run.result"])
	require.NotContains(t, attributes(t, receiver, "build"), "error.type", "nothing went wrong")
	require.Equal(t, receiver.Span(t, "RUN demo").SpanId, receiver.Span(t, "cleanup").ParentSpanId)
}

func TestOutcomesAreInTheWordsOfTheConventions(t *testing.T) {
	t.Parallel()
	require.Equal(t, trace.Success, telemetry.Outcome(nil).Result)
	for code, result := range map[int]trace.Result{
		exit.Checks: trace.Failure, exit.Timeout: trace.Timeout, exit.Unreachable: trace.Error,
		exit.Superseded: trace.Skip, exit.Terminated: trace.Cancellation, exit.Unknown: trace.Failure,
	} {
		require.Equal(t, result, telemetry.Outcome(&exit.Failure{Code: code}).Result, code)
	}
	require.Equal(t, trace.OtherError, telemetry.Outcome(&exit.Failure{Code: exit.Unknown}).Error)
}

func TestTheRunHangsBelowTheVendorsSpan(t *testing.T) {
	f, receiver := traced(t, "build")
	t.Setenv("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	_, err := f.executeTraced(t, t.Context())
	require.NoError(t, err)
	run := receiver.Span(t, "RUN demo")
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", hex.EncodeToString(run.TraceId))
	require.Equal(t, "b7ad6b7169203331", hex.EncodeToString(run.ParentSpanId))
}

func TestWithNoVariableSetNothingIsExported(t *testing.T) {
	f, receiver := traced(t, "build")
	tracetest.Ask(t, "")
	f.on("build", func(ctx context.Context) error {
		require.Empty(t, trace.Environment(ctx))
		return nil
	})
	done, err := f.executeTraced(t, t.Context())
	require.NoError(t, err)
	require.Equal(t, report.Passed, done.Result)
	require.Nil(t, f.env.Tracer)
	require.Empty(t, receiver.Spans())
}

func TestADeadCollectorNeitherFailsNorDelaysARun(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // it takes connections and does not answer
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	f, _ := traced(t, "build", "functional")
	tracetest.Ask(t, "http://"+silent.Addr().String())
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1") // exports begin while the run is under way
	f.on("functional", func(ctx context.Context) error {
		for range 5000 { // more than the exporter's queue holds
			_, span := trace.Stage(ctx, trace.Task{Name: "many"})
			span.End(trace.Outcome{Result: trace.Success})
		}
		return nil
	})
	start := time.Now()
	done, err := f.executeTraced(t, t.Context())
	require.EqualError(t, err, "traces could not be exported: no answer within 2s")
	require.Equal(t, report.Passed, done.Result)
	require.Equal(t, exit.Done, done.ExitCode)
	require.Less(t, done.Seconds, trace.FlushTime.Seconds(), "the run itself does not wait")
	require.Less(t, time.Since(start), trace.FlushTime+2*time.Second)
}
