package pipeline

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/report"
)

// Deploys are what became of the deploys to production. Lists may be empty, but are never nil.
type Deploys struct {
	Time      time.Time        `json:"time"` // by the API server's clock, as the times below are
	Namespace string           `json:"namespace"`
	Deploys   []history.Deploy `json:"deploys"` // newest first
	Months    []history.Month  `json:"months"`  // DORA's four keys, the newest last
	Broken    []records.Broken `json:"broken"`  // records that cannot be read
}

// Graph tells what git knows of commits and of those before them; of what it does not know there is nothing. Nil knows nothing.
type Graph func(ctx context.Context, commits []string) history.Graph

// monthsShown limits the months that are told.
const monthsShown = 12

// months are DORA's four keys.
func months(ctx context.Context, all []history.Deploy, graph Graph, now time.Time) []history.Month {
	var known history.Graph
	if graph != nil {
		known = graph(ctx, history.Commits(all))
	}
	return history.Months(all, known, now, monthsShown)
}

// DeploysOf reads what is known of the deploys to a namespace, of those that ended at a time or later, and of the months since then.
// A namespace without any is a usage error.
func DeploysOf(ctx context.Context, c *cluster.Cluster, namespace string, graph Graph, since func(now time.Time) (time.Time, error)) (Deploys, error) {
	all, bad, err := records.Deploys(ctx, c, namespace)
	if err != nil {
		return Deploys{}, err
	}
	if len(all)+len(bad) == 0 {
		return Deploys{}, Usage("namespace %s: nothing was deployed there yet", namespace)
	}
	out := Deploys{Time: c.Now(), Namespace: namespace}
	from, err := since(out.Time)
	if err != nil {
		return out, err
	}
	out.Deploys, out.Broken = history.Since(all, from), append([]records.Broken{}, bad...)
	out.Months = slices.DeleteFunc(months(ctx, all, graph, out.Time), func(m history.Month) bool { return m.Month < from.UTC().Format("2006-01") })
	return out, nil
}

// deploy is what this run knows of its deploy before it has ended.
func (r *Run) deploy() history.Deploy {
	out := history.Deploy{Run: r.opts.Run, Version: r.opts.Version, Commit: r.opts.Commit, Digest: r.images[0].digest,
		Who: cmp.Or(r.opts.Actor, r.opts.Person), URL: r.opts.RunURL, Rollback: r.rollsBack, Committed: r.opts.Built}
	if r.production.former != nil {
		out.Back = r.production.former.Version
	}
	if told := r.report.Evidence; told != nil && len(told.Tests) > 0 {
		out.Evidence = &history.Evidence{Signer: told.Signer, SBOM: told.SBOM, Provenance: told.Provenance}
		for _, suite := range told.Tests {
			out.Evidence.Passed += suite.Passed
		}
	}
	return out.Kept()
}

// noteDeploy notes what became of a deploy that had the lock, and still has it. The run's result does not hang on it: production
// is as it is. A run that found production as it wants it has deployed nothing.
func (r *Run) noteDeploy(ctx context.Context, failure *Failure) {
	if r.lock.since.IsZero() || r.lock.lease == nil || r.production.verified && r.production.released.IsZero() || !r.lock.held(ctx) {
		return
	}
	done := r.deploy()
	done.Begun, done.Ended = r.lock.since, r.env.Production.Now()
	if r.back.record != nil {
		done.Begun = r.back.record.Time
	}
	done.Result = r.became(failure)
	if done.Result == history.Released {
		done.Ended = r.production.released
	}
	switch {
	case failure != nil:
		done.ExitCode, done.Cause, done.Stage = failure.Code, failure.Cause, r.failedStage()
	case done.Result == history.Undone:
		done.Cause = "--until " + r.opts.Until
	}
	r.saveDeploy(ctx, "cleanup", done)
}

// became is what the run did to production.
func (r *Run) became(failure *Failure) history.Result {
	switch {
	case r.production.verified:
		return history.Released
	case r.back.record != nil && r.report.Undo.Done:
		return history.Undone
	case r.back.record != nil:
		return history.Stuck
	case failure != nil && failure.Code == ExitSuperseded:
		return history.Superseded
	case failure != nil && (failure.Code == ExitInterrupted || failure.Code == ExitTerminated):
		return history.Interrupted
	}
	return history.Failed
}

// failedStage is the first stage that did not pass.
func (r *Run) failedStage() string {
	for _, stage := range r.report.Stages {
		if stage.Result != report.Passed && stage.Result != report.Skipped {
			return stage.Name
		}
	}
	return ""
}

// noteKilled notes what became of the deploy of a run that was killed, in its stead: err is why production could not be put back.
func (r *Run) noteKilled(ctx context.Context, stage string, of records.UndoRecord, err error) {
	if r.lock.lost() {
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

func (r *Run) saveDeploy(ctx context.Context, stage string, done history.Deploy) {
	ctx, cancel := context.WithTimeout(r.lock.lease.Fence(context.WithoutCancel(ctx)), recordTime)
	defer cancel()
	all, err := records.SaveDeploy(ctx, r.env.Production, r.opts.Namespace, done)
	if err != nil {
		r.note(stage, "this deploy is not in the history: "+err.Error())
		return
	}
	r.report.Delivery = months(ctx, all, r.opts.History.Graph, r.env.Production.Now())
}
