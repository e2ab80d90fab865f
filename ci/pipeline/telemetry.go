package pipeline

import (
	"context"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/telemetry"
	"github.com/slipway-cd/slipway/ci/trace"
)

// span begins the span of a stage.
func (r *Run) span(ctx context.Context, stage Stage) (context.Context, trace.Span) {
	return trace.Stage(ctx, trace.Task{Name: stage.Name, Run: r.opts.Run, URL: r.opts.RunURL, Type: telemetry.TypeOf(stage.Name, stage.Environment)})
}

// measure measures the run that has ended, and writes that beside the reports. The run's result does not hang on it.
func (r *Run) measure(failure *exit.Failure) {
	done := telemetry.Measured(trace.Pipeline{Name: r.app.Name, Run: r.opts.Run, URL: r.opts.RunURL}, *r.report, failure)
	if err := telemetry.Keep(r.env.Metrics, done, r.env.Dir); err != nil {
		r.journal.Note("cleanup", "no metrics: "+err.Error())
	}
}
