// Package trace tells OpenTelemetry what a run does: a span for the run, one for each
// stage, each object that is waited for and each execution of tests, exported over
// OTLP where the standard variables ask for it. How spans are called is in names.go.
package trace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// FlushTime bounds what a collector that does not answer can cost the end of a run.
const FlushTime = 2 * time.Second

// Origin is what the spans of a run are about; what is not known is empty.
type Origin struct {
	Revision   string // the commit
	Branch     string
	Repository string // where people look at it: https://host/path
}

// Tracer makes the span of a run, below which all others are made; a nil one makes
// spans that lead nowhere. It has a provider of its own, so that no library which uses
// the global one adds to the run's spans.
type Tracer struct {
	provider *sdk.TracerProvider
	exporter *exporter
}

// New returns a tracer of what the environment asks for, nil if that is nothing. It
// reads the process's environment, as OpenTelemetry's own packages do. Variables that
// make no sense are an error; the tracer can be used all the same.
func New(ctx context.Context, from Origin) (*Tracer, error) {
	if !Wanted() {
		return nil, nil
	}
	exporter, err := newExporter(ctx)
	if err != nil {
		return nil, err
	}
	// The environment comes last: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(originAttributes(from)...), resource.WithFromEnv())
	if err != nil {
		err = fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return &Tracer{exporter: exporter, provider: sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))}, err
}

// Wanted reports whether the environment asks for an export.
func Wanted() bool {
	switch {
	case strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none":
		return false
	case os.Getenv("OTEL_TRACES_EXPORTER") != "": // to where OTLP goes when no endpoint is named
		return true
	}
	return cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")) != ""
}

// Close sends what was not sent yet. It takes FlushTime at most and returns why spans
// could not be exported; nobody would want a run to fail for it.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), FlushTime, errors.New("no answer within "+FlushTime.String()))
	defer cancel()
	err := t.provider.Shutdown(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return notExported("traces", cmp.Or(t.exporter.failure(), err))
}

// start makes a span below the one of ctx: one that leads nowhere if that does.
func start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	return tracerOf(trace.SpanFromContext(ctx).TracerProvider()).Start(ctx, name, options...)
}

func tracerOf(provider trace.TracerProvider) trace.Tracer {
	return provider.Tracer(scope, trace.WithSchemaURL(schema))
}
