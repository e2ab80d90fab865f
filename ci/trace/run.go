package trace

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Pipeline says which run a span is of.
type Pipeline struct {
	Name string
	Run  string // the run's id
	URL  string // where a CI vendor shows the run; may be empty
}

// Task is a stage of a run.
type Task struct {
	Name string
	Run  string // the run's id
	URL  string // where a CI vendor shows the run; may be empty
	Type Type
}

// Outcome is how a run or a stage ended.
type Outcome struct {
	Result Result
	Error  string // the class of error that ended it, one of few; empty: none
	Cause  string // the same for people
}

// Span is that of a run or a stage under way.
type Span struct {
	span trace.Span
	task bool
}

// Start begins the span of a run, below the one that the environment names, such as
// that of a CI vendor's job.
func (t *Tracer) Start(ctx context.Context, p Pipeline) (context.Context, Span) {
	ctx = inherited(ctx)
	if t == nil {
		return ctx, Span{span: trace.SpanFromContext(ctx)}
	}
	ctx, span := tracerOf(t.provider).Start(ctx, runName(p), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(runAttributes(p)...))
	return ctx, Span{span: span}
}

// Stage begins the span of a stage.
func Stage(ctx context.Context, task Task) (context.Context, Span) {
	ctx, span := start(ctx, task.Name, trace.WithAttributes(taskAttributes(task)...))
	return ctx, Span{span: span, task: true}
}

// End ends the span.
func (s Span) End(how Outcome) {
	result := how.Result.run
	if s.task {
		result = how.Result.task
	}
	s.span.SetAttributes(result)
	if how.Error != "" {
		fail(s.span, how.Error, how.Cause)
	}
	s.span.End()
}

// fail marks a span as that of something that went wrong.
func fail(span trace.Span, class, cause string) {
	span.SetAttributes(errorClass(class))
	span.SetStatus(codes.Error, valid(cause))
}
