package pipeline

import (
	"context"
	"errors"
	"time"
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
	if r.opts.KeepBeta > 0 {
		r.note("cleanup", "the beta stays for a look, until "+time.Now().Add(r.opts.KeepBeta).Format(time.TimeOnly)+" or Ctrl-C")
		select {
		case <-time.After(r.opts.KeepBeta):
		case <-ctx.Done():
		}
	}
	r.note("cleanup", "remove the beta")
	return r.env.Cluster.DeleteRun(ctx, r.opts.BuildNamespace, r.opts.Run)
}
