package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/settings"
)

// LookBehind finds out whether a killed run left production changed. If so, Execute
// puts it back before the first stage. LookBehind writes nothing.
func (r *Run) LookBehind(ctx context.Context) error {
	if !Reaches(r.opts.Until, "deploy") {
		return nil
	}
	for _, leg := range r.legs() {
		undos, err := leg.undos(ctx)
		if err != nil {
			return err
		}
		leg.behind = len(undos) > 0
	}
	return nil
}

// Recover undoes the changes of runs that were killed while they changed production.
// It leaves a run alone that is still alive.
func (r *Run) Recover(ctx context.Context) (err error) {
	r.note("recover", "check whether the run that changes production is still alive")
	waited := r.journal.WaitTime()
	r.lease, err = lock.TakeIfStale(ctx, r.env.Production, r.opts.Namespace, lock.Production, r.holder())
	waited()
	if err != nil {
		return err
	}
	if r.lease == nil {
		r.detail = "nothing to do: the run that changes production is alive"
		return nil
	}
	under, done := r.lease.Under(ctx)
	defer done()
	return errors.Join(r.recoverDead(under, "recover"), r.unlockProduction(ctx))
}

// recoverDead finishes, under the lock, what other runs began: a run that wrote an undo
// record and no longer holds the lock is dead. A record with this run's name is from an
// earlier attempt at it.
func (r *Run) recoverDead(ctx context.Context, stage string) error {
	undos, err := r.undos(ctx)
	if err != nil {
		return err
	}
	releases, err := r.releases(ctx)
	if err != nil {
		return err
	}
	var done []string
	for _, record := range undos {
		what, err := r.finishOther(ctx, stage, record, releases)
		if err != nil {
			return fmt.Errorf("recover run %s: %w", record.Run, err)
		}
		done = append(done, "run "+record.Run+": "+what)
	}
	r.detail = strings.Join(done, "; ")
	return nil
}

// finishOther follows the undo record of a dead run. If that run had verified and
// recorded its release, it only deletes the undo record.
func (r *Run) finishOther(ctx context.Context, stage string, record records.UndoRecord, releases []records.Release) (string, error) {
	if i := slices.IndexFunc(releases, func(release records.Release) bool { return release.Run == record.Run }); i >= 0 {
		r.noteVerified(ctx, stage, record, releases[i])
		return "its release " + record.Version + " was verified", records.ForgetUndo(ctx, r.env.Production, record)
	}
	if later := record.OutlivedBy(releases); later != nil {
		return "had lost production before run " + later.Run + " released", records.ForgetUndo(ctx, r.env.Production, record)
	}
	if err := records.FenceOff(ctx, r.env.Production, record); err != nil {
		return "", err
	}
	r.production.awaited = append(r.production.awaited, record.Awaited()...)
	var former *records.Release
	if len(releases) > 0 {
		former = &releases[0]
		former.Refs = append(former.Refs, r.production.awaited...)
	}
	what, err := r.putBack(ctx, stage, record, former, r.BuildTests)
	r.noteKilled(ctx, stage, record, err)
	return what, err
}

// NewRecover returns a run that only cleans up after killed ones.
func NewRecover(app description.Application, opts settings.Options, env Environment) (*Run, error) {
	opts.Version, opts.Until = "none", "betas" // the version must be a valid tag, since the image of the tests is built
	run, err := New(app, opts, env)
	if err == nil {
		run.report.Version = ""
	}
	return run, err
}

// RecoverStages returns the stages of a run that NewRecover made.
func (r *Run) RecoverStages() (stages []Stage) {
	for _, leg := range r.legs() { // production, under the lock, tested
		stages = append(stages, Stage{Name: leg.as("recover"), In: leg, Environment: leg.opts.Environment, Run: leg.Recover, Code: exit.Undo})
	}
	return append(stages, []Stage{
		{Name: "betas", Run: r.RemoveStale, Code: exit.Unknown}, // of runs that give no sign of life
		{Name: "cleanup", Run: r.Cleanup, Code: exit.Unknown, Always: true, Time: cleanupTime},
	}...)
}

// sweep starts to remove the betas of killed runs in the background, which takes 15
// seconds if there are any; cleanup waits for it. An interrupted run leaves them to the
// next one.
func (r *Run) sweep(ctx context.Context) {
	r.stale = make(chan error, 1)
	go func() {
		_, err := r.removeStale(ctx)
		if ctx.Err() != nil {
			err = nil
		}
		r.stale <- err
	}()
}

// RemoveStale removes the betas of runs whose process is no longer alive.
func (r *Run) RemoveStale(ctx context.Context) error {
	r.note("betas", "look for up to 15 seconds which runs give a sign of life")
	r.sweeping.Awaited(func(text string) { r.note("betas", text) })
	count, err := r.removeStale(ctx)
	r.detail = fmt.Sprintf("removed %d stale runs", count)
	return err
}

func (r *Run) removeStale(ctx context.Context) (int, error) {
	stale, err := runs.Stale(ctx, r.env.Build, r.opts.BuildNamespace)
	if err != nil {
		return 0, err
	}
	for i, run := range stale {
		if _, err := runs.Delete(ctx, r.env.Build, r.opts.BuildNamespace, run, r.sweeping.Heard); err != nil {
			return i, err
		}
	}
	return len(stale), nil
}
