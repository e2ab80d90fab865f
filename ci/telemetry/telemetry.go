// Package telemetry says in OpenTelemetry's words what a run's stages are and how they ended. It does not know who hears that.
package telemetry

import (
	"cmp"
	"strings"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// types are OpenTelemetry's types for our stages, where it has one.
var types = map[string]trace.Type{
	"build": trace.Build, "functional": trace.Test, "deploy": trace.Deploy, "production": trace.Test, "verify": trace.Test,
	"rollback": trace.Deploy, "undo": trace.Deploy,
}

// TypeOf is the type of a stage, of an environment perhaps; empty where there is none for it.
func TypeOf(stage, environment string) trace.Type {
	return types[strings.TrimSuffix(stage, "-"+environment)]
}

// Outcome is how a stage or a run ended; a nil failure is success.
func Outcome(failure *exit.Failure) trace.Outcome {
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

// results are how stages ended, for their metrics.
var results = map[report.Result]trace.Result{
	report.Passed: trace.Success, report.Failed: trace.Failure, report.Skipped: trace.Skip, report.Interrupted: trace.Cancellation, report.Superseded: trace.Skip, report.Waiting: trace.Success,
}

// Measured is what a run that has ended is measured by: how long it and its stages took, and the last month of deploys.
func Measured(of trace.Pipeline, done report.Report, failure *exit.Failure) trace.Measured {
	out := trace.Measured{Pipeline: of, Outcome: Outcome(failure), Seconds: done.Seconds}
	for _, stage := range done.Stages {
		if stage.Result != report.Skipped {
			out.Stages = append(out.Stages, trace.MeasuredStage{Name: stage.Name, Type: TypeOf(stage.Name, stage.Environment), Result: results[stage.Result], Seconds: stage.Seconds})
		}
	}
	if months := done.Delivery; len(months) > 0 {
		now := months[len(months)-1]
		out.Delivery = &trace.Delivery{Month: now.Month, Deployments: now.Deployments, LeadSeconds: now.LeadSeconds, FailureRate: now.FailureRate, RecoverySeconds: now.RecoverySeconds}
	}
	return out
}
