package trace

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/trace"
)

// Suite is the span of one execution of the application's tests.
type Suite struct{ span trace.Span }

// Tests begins the span of tests at an address.
func Tests(ctx context.Context, name, address string) (context.Context, Suite) {
	ctx, span := start(ctx, suiteName(name), trace.WithAttributes(suiteAttributes(name, address)...))
	return ctx, Suite{span: span}
}

// Case notes how one test ended. It gets no span: a test tells how long it took, not
// when it began.
func (s Suite) Case(name string, how Case, seconds float64) {
	s.span.AddEvent(caseEvent, trace.WithAttributes(caseAttributes(name, how, seconds)...))
}

// End ends the span; ctx is that of the tests, and err why they did not pass.
func (s Suite) End(ctx context.Context, err error) {
	switch {
	case err == nil:
		s.span.SetAttributes(suitePassed)
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		s.span.SetAttributes(suiteTimedOut)
		fail(s.span, OtherError, err.Error())
	case ctx.Err() != nil:
		s.span.SetAttributes(suiteAborted)
	default:
		s.span.SetAttributes(suiteFailed)
		fail(s.span, OtherError, err.Error())
	}
	s.span.End()
}
