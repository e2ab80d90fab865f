package pipeline

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/exit"
)

// wayBack leads from what a run has changed to what production was before.
type wayBack struct {
	record *records.UndoRecord      // set: production may be changed
	byHand atomic.Pointer[[]string] // the same as commands for a person
}

// begin keeps the undo record: from now on production may be changed.
func (w *wayBack) begin(record records.UndoRecord) {
	w.record = &record
	w.say(record.ByHand())
}

// say sets the commands for a person to run if this process ends at once.
func (w *wayBack) say(commands []string) { w.byHand.Store(&commands) }

// undo puts production back if this run changed it and did not verify the new version.
// It applies former fields again, deletes created objects, creates pruned ones again,
// waits for the rollout and tests it. It has a deadline of its own, since that of the run
// may have passed.
func (r *Run) undo(ctx context.Context) *exit.Failure {
	if r.production.verified || r.back.record == nil {
		return nil
	}
	if !r.lease.Held(ctx) {
		failure := r.lockLost(ctx)
		r.report.Undo.Error = failure.Error()
		return failure
	}
	ended := ctx.Err() != nil || r.env.Engine.Lost() // the session
	failure := r.stage(context.WithoutCancel(ctx), Stage{Name: r.as("undo"), Environment: r.opts.Environment, Code: exit.Undo, Run: func(ctx context.Context) (err error) {
		ctx, done := r.lease.Under(ctx)
		defer done()
		renew := func(ctx context.Context) error { return nil }
		if ended {
			renew = r.renewEngine
		}
		r.detail, err = r.putBack(ctx, "undo", *r.back.record, r.production.former, renew)
		if ended && r.env.Engine != nil {
			_ = r.env.Engine.Close()
		}
		return err
	}})
	r.report.Undo.Done = failure == nil
	if failure != nil && !r.lease.IsLost() {
		failure.Code = exit.Undo
		failure.Try = "run `" + about.Program() + " recover`, or by hand: " + strings.Join(r.back.record.ByHand(), " && ")
	}
	if failure != nil {
		r.report.Undo.Error = failure.Error()
	}
	return failure
}

// putBack follows an undo record of this run or of a killed one, tests the former
// release if there is one, and returns the outcome for the report. It deletes the record
// before the tests, since what the record says is done then, whatever they find. ready
// makes the engine ready for the tests, after production is put back.
func (r *Run) putBack(ctx context.Context, stage string, record records.UndoRecord, former *records.Release, ready func(context.Context) error) (string, error) {
	r.note(stage, "put back what run "+record.Run+" changed")
	changes, now, err := records.Restore(ctx, r.env.Production, record)
	r.record(changes)
	left := r.leftByJobs(stage, changes)
	if err != nil {
		return "", err
	}
	// Without this, objects that were pruned and are back would never be pruned again, nor
	// would those that a dead run creates late; and a release whose recording got no
	// answer, or arrives only now, could count as the current one.
	others := record.Run != r.opts.Run
	if former != nil && others {
		former.Number = r.lease.Number()
	}
	if former != nil && (former.Renew(now) || len(r.production.awaited) > 0 || r.production.recording || others) {
		if err := records.SaveRelease(ctx, r.env.Production, record.Namespace, former); err != nil {
			return "", err
		}
	}
	objects := slices.Concat(record.Former, record.Taken)
	if former != nil && record.Back != "" {
		objects = former.Objects
	}
	// The way back runs no Job, and one of the former release may be gone since it ended.
	if err := r.wait(ctx, r.env.Production, stage, withoutJobs(objects)); err != nil {
		return "", err
	}
	if err := records.ForgetUndo(ctx, r.env.Production, record); err != nil {
		return "", err
	}
	r.back.say(nil)
	if former == nil || record.Back == "" {
		return "first deploy removed" + left, nil
	}
	if err := ready(ctx); err != nil {
		return "", err
	}
	where, err := r.testProduction(ctx, stage, former.Objects, former.Version)
	return cmp.Or(r.opts.Environment, "production") + " verified back on " + former.Version + " " + where + left, err
}

// leftByJobs reports that what the Jobs did which the undo has removed is not put back,
// and returns the same for the stage's outcome. Only who wrote them knows how to.
func (r *Run) leftByJobs(stage string, changes []write.Change) string {
	text := ""
	for _, c := range changes {
		if c.Kind == "Job" && c.Action == write.Deleted {
			left := "what " + c.String() + " did, to a database for example, is not put back"
			r.report.Undo.Left = append(r.report.Undo.Left, left)
			r.note(stage, left)
			text += "; " + left
		}
	}
	return text
}

func withoutJobs(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(objects), rollout.IsJob)
}

// renewEngine opens a new session, in which the tests' images are found in the cache.
func (r *Run) renewEngine(ctx context.Context) (err error) {
	r.env.Engine, err = r.env.Reconnect(ctx)
	return err
}

// ByHand returns the commands that put production back by hand if the process ended
// now, and its namespace; none if production is not changed. It may be called at any time from
// another goroutine, once the run has all its environments.
func (r *Run) ByHand() (namespace string, commands []string) {
	for _, leg := range r.legs() { // at most one is changed and not verified
		if commands := leg.back.byHand.Load(); commands != nil && len(*commands) > 0 {
			return leg.opts.Namespace, *commands
		}
	}
	return r.opts.Namespace, nil
}
