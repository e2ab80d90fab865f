package trace

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Object is the span of an object of the cluster that a stage writes or waits for.
type Object struct{ span trace.Span }

// Wait begins the span of an object when it is first heard of.
func Wait(ctx context.Context, kind, namespace, name string, now time.Time) Object {
	_, span := start(ctx, waitName(kind), trace.WithTimestamp(now), trace.WithAttributes(objectAttributes(kind, namespace, name)...))
	return Object{span: span}
}

// State notes what the object is or lacks.
func (o Object) State(state string, now time.Time) {
	o.span.AddEvent(stateEvent, trace.WithTimestamp(now), trace.WithAttributes(stateAttribute(state)))
}

// End ends the span of an object with its last state.
func (o Object) End(last time.Time) { o.span.End(trace.WithTimestamp(last)) }

// Fail ends the span of an object that was waited for until now in vain.
func (o Object) Fail(state string) {
	fail(o.span, OtherError, state)
	o.span.End()
}
