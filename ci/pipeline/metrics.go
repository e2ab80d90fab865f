package pipeline

import (
	"context"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// metricsFile is beside the reports, for a collector that reads files, or for whoever pushes it somewhere.
const metricsFile = "metrics.txt"

// stageResults are how stages ended, for their metrics.
var stageResults = map[report.Result]trace.Result{
	report.Passed: trace.Success, report.Failed: trace.Failure, report.Skipped: trace.Skip, report.Interrupted: trace.Cancellation, report.Superseded: trace.Skip,
}

// measure measures the run that has ended, and writes that beside the reports. The run's result does not hang on it.
func (r *Run) measure(failure *exit.Failure) {
	if r.env.Metrics == nil {
		return
	}
	done := trace.Measured{Pipeline: trace.Pipeline{Name: r.app.Name, Run: r.opts.Run, URL: r.opts.RunURL}, Outcome: outcome(failure), Seconds: r.report.Seconds}
	for _, stage := range r.report.Stages {
		if stage.Result != report.Skipped {
			done.Stages = append(done.Stages, trace.MeasuredStage{Name: stage.Name, Type: stageTypes[stage.Name], Result: stageResults[stage.Result], Seconds: stage.Seconds})
		}
	}
	if months := r.report.Delivery; len(months) > 0 {
		now := months[len(months)-1]
		done.Delivery = &trace.Delivery{Month: now.Month, Deployments: now.Deployments, LeadSeconds: now.LeadSeconds, FailureRate: now.FailureRate, RecoverySeconds: now.RecoverySeconds}
	}
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
