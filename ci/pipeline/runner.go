package pipeline

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/telemetry"
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
	for _, leg := range r.legs() {
		leg.env.Dir = dir
	}
	var names []string
	for _, stage := range stages {
		names = append(names, stage.Name)
	}
	r.env.Printer.Begin(report.Header{Stages: names, Run: r.opts.Run, Version: r.opts.Version, Image: r.images[0].Repo.String(),
		Commit: r.opts.Commit, Cluster: r.report.Cluster, As: r.report.As, ProductionAs: r.report.ProductionAs, Report: dir.Path()})
	last := len(stages) - 1
	for last >= 0 && stages[last].Name != r.opts.Until && stages[last].With != r.opts.Until {
		last--
	}
	settled := false
	var failure *exit.Failure
	for _, leg := range r.legs() {
		if leg.behind && failure == nil {
			failure = leg.stage(ctx, Stage{Name: leg.as("recover"), Environment: leg.opts.Environment, Run: leg.Recover, Code: exit.Undo})
		}
	}
	active := r
	for i, stage := range stages {
		at := cmp.Or(stage.In, r)
		switch {
		case stage.Always:
			if !settled {
				settled, r.stopped = true, ctx.Err() != nil
				if undo := active.undo(ctx); undo != nil {
					failure = undo
				}
				active.noteDeploy(ctx, failure)
			}
			if failure != nil && i == len(stages)-1 { // only cleanup removes the beta, and whoever is told comes to look at it
				r.keepBeta(ctx)
			}
			if err := r.stage(context.WithoutCancel(ctx), stage); err != nil && failure == nil && !stage.Optional {
				failure = err
			}
		case failure != nil:
			r.skip(ctx, stage, after(failure))
		case r.unchanged != "":
			r.skip(ctx, stage, r.unchanged)
		case stage.Skip != "":
			r.skip(ctx, stage, stage.Skip)
		case i > last:
			r.skip(ctx, stage, "not requested: --until "+r.opts.Until)
		default:
			active = at
			failure = at.stage(ctx, stage)
			if stage.Optional && ctx.Err() == nil && !at.lease.IsLost() {
				failure = nil
			}
		}
	}
	if failure != nil {
		r.tellAgain(active)
	}
	span.End(telemetry.Outcome(r.finish(failure, time.Since(start))))
	return *r.report
}

// stage runs one stage within its time.
func (r *Run) stage(ctx context.Context, stage Stage) *exit.Failure {
	ctx, cancel := r.timed(ctx, stage)
	defer cancel()
	ctx, span := r.span(ctx, stage)
	done := report.Stage{Name: stage.Name, Result: report.Passed, Environment: stage.Environment, Start: time.Now(), Optional: stage.Optional}
	r.env.Printer.StageStarted(stage.Name)
	if log, err := r.env.Dir.Log(stage.Name); err == nil {
		r.env.EngineLog.SwitchTo(log)
	}
	r.detail = ""
	var failure *exit.Failure
	err := stage.Run(write.WithProgress(ctx, r.journal.Tell(ctx, stage.Name)))
	if nothing := (skipped{}); errors.As(err, &nothing) {
		done.Result, r.detail, err = report.Skipped, nothing.why, nil
	}
	if err != nil {
		failure = exit.Explain(ctx, err, stage.Code)
		if r.lease != nil && !stage.Always && !r.lease.Held(ctx) {
			failure = r.lockLost(ctx)
		}
		done.Result, done.Error, done.Cause = report.Failed, failure.Error(), failure.Cause
		done.Evidence, done.Try = failure.Evidence, failure.Try
		if interrupt := (exit.Interrupt{}); errors.As(context.Cause(ctx), &interrupt) {
			done.Result = report.Interrupted
		} else if failure.Code == exit.Superseded {
			done.Result = report.Superseded
		}
	}
	done.Seconds, done.Detail = report.Seconds(time.Since(done.Start)), r.detail
	done.Objects, done.Tests = r.journal.Take(failure == nil)
	span.End(telemetry.Outcome(failure))
	r.report.Stages = append(r.report.Stages, done)
	var tail []string
	// Evidence explains more than the end of the log, and what the engine did, perhaps
	// for the stage before, explains no failure of the cluster.
	if failure != nil && failure.Logged && len(failure.Evidence) == 0 {
		tail = r.env.Dir.Tail(stage.Name, logTail)
	}
	r.env.Printer.StageEnded(done, tail)
	return failure
}

// timed returns a context for a stage that ends when its time is over.
func (r *Run) timed(ctx context.Context, stage Stage) (context.Context, context.CancelFunc) {
	limit := exit.OutOfTime{What: "--stage-timeout", Limit: r.opts.StageTimeout}
	if stage.Time > 0 {
		limit = exit.OutOfTime{What: "the time for " + stage.Name, Limit: stage.Time}
	}
	if stage.Time > 0 || stage.Always { // these wait for nobody outside
		return context.WithTimeoutCause(ctx, limit.Limit, limit)
	}
	return r.atWork.Within(ctx, limit, func(text string) { r.note(stage.Name, text) })
}

// after is why a stage is skipped once a run has failed.
func after(failure *exit.Failure) string {
	if failure.Code == exit.Interrupted || failure.Code == exit.Terminated {
		return "interrupted"
	}
	return "an earlier stage failed"
}

func (r *Run) skip(ctx context.Context, stage Stage, why string) {
	_, span := r.span(ctx, stage)
	span.End(trace.Outcome{Result: trace.Skip})
	done := report.Stage{Name: stage.Name, Environment: stage.Environment, Result: report.Skipped, Start: time.Now(), Detail: why}
	r.report.Stages = append(r.report.Stages, done)
	r.env.Printer.StageEnded(done, nil)
}

// finish completes the report, writes it, prints the verdict and returns the failure of
// the run.
func (r *Run) finish(failure *exit.Failure, took time.Duration) *exit.Failure {
	r.report.Result, r.report.Seconds = report.Passed, report.Seconds(took)
	if failure != nil {
		r.report.ExitCode, r.report.Result = failure.Code, report.Failed
		switch failure.Code {
		case exit.Interrupted, exit.Terminated:
			r.report.Result = report.Interrupted
		case exit.Superseded:
			r.report.Result = report.Superseded
		}
	}
	if failure == nil {
		r.waitForApproval()
	}
	engine, waiting, evidence := r.journal.Spent()
	r.report.EngineSeconds, r.report.WaitSeconds = report.Seconds(engine), report.Seconds(waiting)
	if r.report.Evidence != nil {
		r.report.Evidence.Seconds = report.Seconds(evidence)
	}
	connections := []*cluster.Cluster{r.env.Build}
	for _, leg := range r.legs() {
		connections = append(connections, leg.env.Production)
	}
	r.report.Requests = int(cluster.Requests(connections...))
	r.measure(failure)
	r.tellVersions()
	*r.report = r.report.Judged()
	if err := r.env.Dir.Write(*r.report); err != nil && failure == nil {
		failure = &exit.Failure{Code: exit.Unknown, Cause: err.Error(), Err: err}
		r.report.ExitCode, r.report.Result = failure.Code, report.Failed
	}
	r.env.Printer.End(*r.report)
	return failure
}
