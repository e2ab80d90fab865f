package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

const (
	logTail     = 15              // lines of a failing stage's log that are shown
	cleanupTime = 2 * time.Minute // cleanup has a limit of its own: that of the run may be over
)

// Execute runs the stages that Stages, RollbackStages or RecoverStages returned, writes their logs and the report to dir and
// returns the report, which has the exit code. After a failure, the remaining stages are skipped except those that always run,
// and production is put back first if it was changed and not verified.
func (r *Run) Execute(ctx context.Context, stages []Stage, dir *report.Dir) report.Report {
	start := time.Now()
	ctx, span := r.env.Tracer.Start(ctx, trace.Pipeline{Name: r.app.Name, Run: r.opts.Run, URL: r.opts.RunURL})
	r.env.Dir = dir
	r.env.Printer.Begin(report.Header{Run: r.opts.Run, Version: r.opts.Version, Image: r.images[0].repository.String(),
		Commit: r.opts.Commit, Cluster: r.report.Cluster, As: r.report.As, ProductionAs: r.report.ProductionAs, Report: r.env.Dir.Path()})
	last := slices.IndexFunc(stages, func(stage Stage) bool { return stage.Name == r.opts.Until })
	var failure *Failure
	if r.behind {
		failure = r.stage(ctx, Stage{Name: "recover", Run: r.Recover, Code: ExitUndo})
	}
	for i, stage := range stages {
		switch {
		case stage.Always:
			if undo := r.undo(ctx); undo != nil {
				failure = undo
			}
			r.noteDeploy(ctx, failure)
			if failure != nil {
				r.keepBeta(ctx)
			}
			if err := r.stage(context.WithoutCancel(ctx), stage); err != nil && failure == nil {
				failure = err
			}
		case failure != nil:
			r.skip(ctx, stage, after(failure))
		case r.unchanged != "":
			r.skip(ctx, stage, r.unchanged)
		case i > last:
			r.skip(ctx, stage, "not requested: --until "+r.opts.Until)
		default:
			failure = r.stage(ctx, stage)
		}
	}
	span.End(outcome(r.finish(failure, time.Since(start))))
	return r.report
}

// stage runs one stage within its time.
func (r *Run) stage(ctx context.Context, stage Stage) *Failure {
	ctx, cancel := r.timed(ctx, stage)
	defer cancel()
	ctx, span := r.span(ctx, stage)
	done := report.Stage{Name: stage.Name, Result: report.Passed, Start: time.Now()}
	r.env.Printer.StageStarted(stage.Name)
	if log, err := r.env.Dir.Log(stage.Name); err == nil {
		r.env.EngineLog.switchTo(log)
	}
	r.detail, r.ran = "", nil
	var failure *Failure
	err := stage.Run(write.WithProgress(ctx, r.tell(ctx, stage.Name)))
	if nothing := (skipped{}); errors.As(err, &nothing) {
		done.Result, r.detail, err = report.Skipped, nothing.why, nil
	}
	if err != nil {
		failure = explain(ctx, err, stage.Code)
		if r.lock.lease != nil && !stage.Always && !r.lock.held(ctx) {
			failure = r.lockLost(ctx)
		}
		done.Result, done.Error, done.Cause = report.Failed, failure.Error(), failure.Cause
		done.Evidence, done.Try = failure.Evidence, failure.Try
		if interrupt := (Interrupt{}); errors.As(context.Cause(ctx), &interrupt) {
			done.Result = report.Interrupted
		} else if failure.Code == ExitSuperseded {
			done.Result = report.Superseded
		}
	}
	done.Seconds, done.Detail = report.Seconds(time.Since(done.Start)), r.detail
	done.Objects, done.Tests = r.heard.take(failure == nil), r.ran
	span.End(outcome(failure))
	r.report.Stages = append(r.report.Stages, done)
	var tail []string
	// Evidence explains more than the end of the log, and what the engine did, perhaps
	// for the stage before, explains no failure of the cluster.
	if failure != nil && failure.logged && len(failure.Evidence) == 0 {
		tail = r.env.Dir.Tail(stage.Name, logTail)
	}
	r.env.Printer.StageEnded(done, tail)
	return failure
}

// after is why a stage is skipped once a run has failed.
func after(failure *Failure) string {
	if failure.Code == ExitInterrupted || failure.Code == ExitTerminated {
		return "interrupted"
	}
	return "an earlier stage failed"
}

func (r *Run) skip(ctx context.Context, stage Stage, why string) {
	_, span := r.span(ctx, stage)
	span.End(trace.Outcome{Result: trace.Skip})
	done := report.Stage{Name: stage.Name, Result: report.Skipped, Start: time.Now(), Detail: why}
	r.report.Stages = append(r.report.Stages, done)
	r.env.Printer.StageEnded(done, nil)
}

// finish completes the report, writes it, prints the verdict and returns the failure of
// the run.
func (r *Run) finish(failure *Failure, took time.Duration) *Failure {
	r.report.Result, r.report.Seconds = report.Passed, report.Seconds(took)
	if failure != nil {
		r.report.ExitCode, r.report.Result = failure.Code, report.Failed
		switch failure.Code {
		case ExitInterrupted, ExitTerminated:
			r.report.Result = report.Interrupted
		case ExitSuperseded:
			r.report.Result = report.Superseded
		}
	}
	r.report.EngineSeconds, r.report.WaitSeconds = report.Seconds(r.onEngine), report.Seconds(r.waiting)
	if r.report.Evidence != nil {
		r.report.Evidence.Seconds = report.Seconds(r.onEvidence)
	}
	r.report.Requests = int(cluster.Requests(r.env.Build, r.env.Production))
	r.measure(failure)
	if err := r.env.Dir.Write(r.report); err != nil && failure == nil {
		failure = &Failure{Code: exitUnknown, Cause: err.Error(), Err: err}
		r.report.ExitCode, r.report.Result = failure.Code, report.Failed
	}
	r.env.Printer.End(r.report)
	return failure
}
