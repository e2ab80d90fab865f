package pipeline

import (
	"context"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/telemetry"
	"github.com/slipway-cd/slipway/ci/trace"
)

// metricsFile is beside the reports, for a collector that reads files, or for whoever pushes it somewhere.
const metricsFile = "metrics.txt"

// span begins the span of a stage.
func (r *Run) span(ctx context.Context, stage Stage) (context.Context, trace.Span) {
	return trace.Stage(ctx, trace.Task{Name: stage.Name, Run: r.opts.Run, URL: r.opts.RunURL, Type: telemetry.TypeOf(stage.Name)})
}

// measure measures the run that has ended, and writes that beside the reports. The run's result does not hang on it.
func (r *Run) measure(failure *exit.Failure) {
	if r.env.Metrics == nil {
		return
	}
	done := telemetry.Measured(trace.Pipeline{Name: r.app.Name, Run: r.opts.Run, URL: r.opts.RunURL}, r.report, failure)
	err := r.env.Metrics.Record(context.Background(), done)
	var text []byte
	if err == nil {
		text, err = r.env.Metrics.Text()
	}
	if err == nil {
		err = r.env.Dir.Keep(metricsFile, text)
	}
	if err != nil {
		r.journal.Note("cleanup", "no metrics: "+err.Error())
	}
}
