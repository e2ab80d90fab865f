package pipeline

import (
	"cmp"
	"context"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/history"
)

// deploy is what this run knows of its deploy before it has ended.
func (r *Run) deploy() history.Deploy {
	out := history.Deploy{Run: r.opts.Run, Version: r.opts.Version, Commit: r.opts.Commit, Digest: r.images[0].Digest,
		Who: cmp.Or(r.opts.Actor, r.opts.Person), URL: r.opts.RunURL, Rollback: r.rollsBack, Committed: r.opts.Built}
	if r.production.former != nil {
		out.Back = r.production.former.Version
	}
	if told := r.report.Evidence; told != nil && len(told.Tests) > 0 {
		out.Evidence = &history.Evidence{Signer: told.Signer, SBOM: told.SBOM, Provenance: told.Provenance}
		for _, suite := range told.Tests {
			if suite.Environment == "" {
				out.Evidence.Passed += suite.Passed
			}
		}
	}
	return out.Kept()
}

// noteDeploy notes what became of a deploy that had the lock, and still has it. The run's result does not hang on it: production
// is as it is. A run that found production as it wants it has deployed nothing.
func (r *Run) noteDeploy(ctx context.Context, failure *exit.Failure) {
	if r.locked.IsZero() || r.lease == nil || r.production.verified && r.production.released.IsZero() || !r.lease.Held(ctx) {
		return
	}
	done := r.deploy()
	done.Begun, done.Ended = r.locked, r.env.Production.Now()
	if r.back.record != nil {
		done.Begun = r.back.record.Time
	}
	done.Result = r.became(failure)
	if done.Result == history.Released {
		done.Ended = r.production.released
	}
	switch {
	case failure != nil:
		done.ExitCode, done.Cause, done.Stage = failure.Code, failure.Cause, r.report.FailedStage()
	case done.Result == history.Undone:
		done.Cause = "--until " + r.opts.Until
	}
	r.saveDeploy(ctx, "cleanup", done)
}

// became is what the run did to production.
func (r *Run) became(failure *exit.Failure) history.Result {
	switch {
	case r.production.verified:
		return history.Released
	case r.back.record != nil && r.report.Undo.Done:
		return history.Undone
	case r.back.record != nil:
		return history.Stuck
	case failure != nil && failure.Code == exit.Superseded:
		return history.Superseded
	case failure != nil && (failure.Code == exit.Interrupted || failure.Code == exit.Terminated):
		return history.Interrupted
	}
	return history.Failed
}

// noteKilled notes what became of the deploy of a run that was killed, in its stead: err is why production could not be put back.
func (r *Run) noteKilled(ctx context.Context, stage string, of records.UndoRecord, err error) {
	if r.lease.IsLost() {
		return // whoever has it now puts production back, and says so
	}
	done := of.Told()
	done.Ended, done.Result, done.Cause, done.RecoveredBy = r.env.Production.Now(), history.Undone, "its run was killed", r.opts.Run
	if err != nil {
		done.Result = history.Stuck
	}
	r.saveDeploy(ctx, stage, done)
}

// noteVerified notes the release of a run that was killed before it could.
func (r *Run) noteVerified(ctx context.Context, stage string, of records.UndoRecord, release records.Release) {
	done := of.Told()
	done.Ended, done.Result = release.Time, history.Released
	r.saveDeploy(ctx, stage, done)
}

// noteTime limits the note of a deploy: what was done to production is done, and nothing waits for it.
const noteTime = 15 * time.Second

func (r *Run) saveDeploy(ctx context.Context, stage string, done history.Deploy) {
	ctx, cancel := context.WithTimeout(r.lease.Fence(context.WithoutCancel(ctx)), noteTime)
	defer cancel()
	all, err := records.SaveDeploy(ctx, r.env.Production, r.opts.Namespace, done)
	if err != nil {
		r.journal.Note(stage, "this deploy is not in the history: "+err.Error())
		return
	}
	r.report.Delivery = r.opts.Git.Months(ctx, all, r.env.Production.Now())
}
