package pipeline

import (
	"cmp"
	"context"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/trace"
)

// stageTypes are OpenTelemetry's types for our stages, where it has one.
var stageTypes = map[string]trace.Type{
	"build": trace.Build, "functional": trace.Test, "deploy": trace.Deploy, "production": trace.Test,
	"rollback": trace.Deploy, "undo": trace.Deploy,
}

// span begins the span of a stage.
func (r *Run) span(ctx context.Context, stage Stage) (context.Context, trace.Span) {
	return trace.Stage(ctx, trace.Task{Name: stage.Name, Run: r.opts.Run, URL: r.opts.RunURL, Type: stageTypes[stage.Name]})
}

// outcome is how a stage or a run ended, for its span.
func outcome(failure *exit.Failure) trace.Outcome {
	if failure == nil {
		return trace.Outcome{Result: trace.Success}
	}
	out := trace.Outcome{Result: trace.Failure, Error: cmp.Or(exit.Class(failure.Code), trace.OtherError), Cause: failure.Cause}
	switch failure.Code {
	case exit.Interrupted, exit.Terminated:
		return trace.Outcome{Result: trace.Cancellation}
	case exit.Superseded:
		return trace.Outcome{Result: trace.Skip}
	case exit.Timeout:
		out.Result = trace.Timeout
	case exit.Unreachable:
		out.Result = trace.Error
	}
	return out
}
