package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-cd/slipway/ci/report"
)

// Cleanup removes what this run made, except the release in production, and
// gives production free for the next run. Only this run's things: others run
// beside it.
func (r *Run) Cleanup(ctx context.Context) error {
	return errors.Join(r.unlockProduction(ctx), r.removeBeta(ctx))
}

func (r *Run) unlockProduction(ctx context.Context) error {
	if r.lease == nil {
		return nil
	}
	return r.lease.Unlock(ctx)
}

// removeBeta waits for the removal under way, or removes what a failure left.
func (r *Run) removeBeta(ctx context.Context) error {
	if !r.beta {
		return nil
	}
	defer r.waitTime()()
	if r.removal != nil {
		r.note("cleanup", "wait until the beta is gone")
		return <-r.removal
	}
	r.note("cleanup", "remove the beta")
	return r.env.Cluster.DeleteRun(ctx, r.opts.BuildNamespace, r.opts.Run)
}

// keepBeta leaves the beta of a failed run up for a look, before anything is
// cleaned up. It lasts for as long as was asked, whatever a stage's time, and ends
// with the run: at a signal or the run's own deadline.
func (r *Run) keepBeta(ctx context.Context) {
	if r.opts.KeepBeta == 0 || !r.beta || r.removal != nil || ctx.Err() != nil {
		return
	}
	done := report.Stage{Name: "keep-beta", Result: report.Passed, Start: time.Now()}
	r.env.Printer.StageStarted(done.Name)
	r.note(done.Name, fmt.Sprintf("%s stays until %s or Ctrl-C", r.betaPath(), done.Start.Add(r.opts.KeepBeta).Format(time.TimeOnly)))
	over := time.NewTimer(r.opts.KeepBeta)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
	done.Seconds, done.Detail = report.Seconds(time.Since(done.Start)), "the beta was left up for a look"
	r.report.Stages = append(r.report.Stages, done)
	r.env.Printer.StageEnded(done, nil)
}
