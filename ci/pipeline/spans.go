package pipeline

import (
	"cmp"
	"context"

	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// stageTypes are OpenTelemetry's types for our stages, where it has one.
var stageTypes = map[string]trace.Type{
	"build": trace.Build, "functional": trace.Test, "deploy": trace.Deploy, "production": trace.Test,
	"rollback": trace.Deploy, "undo": trace.Deploy,
}

// errorTypes are the classes of errors that spans name, one for each exit code that
// is a failure's.
var errorTypes = map[int]string{
	ExitUsage:         "configuration",
	ExitBuild:         "build",
	ExitChecks:        "checks",
	ExitFunctional:    "functional_tests",
	ExitProduction:    "production_tests",
	ExitAdmission:     "admission",
	ExitImage:         "image",
	ExitCrash:         "crash",
	ExitNeverReady:    "never_ready",
	ExitUnschedulable: "unschedulable",
	ExitNoAddress:     "no_address",
	ExitUnreachable:   "unreachable",
	ExitTimeout:       "timeout",
	ExitLocked:        "locked",
	ExitUndo:          "undo",
	ExitOutside:       "changed_outside",
}

// span begins the span of a stage.
func (r *Run) span(ctx context.Context, stage Stage) (context.Context, trace.Span) {
	return trace.Stage(ctx, trace.Task{Name: stage.Name, Run: r.opts.Run, URL: r.opts.RunURL, Type: stageTypes[stage.Name]})
}

// outcome is how a stage or a run ended, for its span.
func outcome(failure *Failure) trace.Outcome {
	if failure == nil {
		return trace.Outcome{Result: trace.Success}
	}
	out := trace.Outcome{Result: trace.Failure, Error: cmp.Or(errorTypes[failure.Code], trace.OtherError), Cause: failure.Cause}
	switch failure.Code {
	case ExitInterrupted, ExitTerminated:
		return trace.Outcome{Result: trace.Cancellation}
	case ExitSuperseded:
		return trace.Outcome{Result: trace.Skip}
	case ExitTimeout:
		out.Result = trace.Timeout
	case ExitUnreachable:
		out.Result = trace.Error
	}
	return out
}

// cases are the tests of a suite, for its span.
var cases = map[report.Result]trace.Case{report.Passed: trace.CasePassed, report.Failed: trace.CaseFailed, report.Skipped: trace.CaseSkipped}
