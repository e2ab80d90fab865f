package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/retention"
	"github.com/slipway-cd/slipway/ci/settings"
)

// Cleanup removes what this run has made, except the release in production, and
// releases the production lock. It leaves alone what belongs to other runs.
func (r *Run) Cleanup(ctx context.Context) error {
	var left []error
	for _, leg := range r.legs() {
		left = append(left, leg.leave(ctx))
	}
	return errors.Join(append(left, r.removeBeta(ctx), r.awaitSweep(), r.receiptAfter(ctx), r.removeImages(ctx))...)
}

// receiptAfter puts into the report what the run has changed, and what somebody else has.
func (r *Run) receiptAfter(ctx context.Context) error {
	var failed []error
	for _, leg := range r.legs() {
		receipt, err := leg.receipt.After(ctx, r.report.ChangesIn(leg.opts.Environment))
		r.report.Receipt, failed = r.report.Receipt.And(receipt), append(failed, err)
	}
	return errors.Join(failed...)
}

// removeImages removes this run's images, where the application's description asks for it and they were not released. The
// run's result does not hang on it: what stays, `cleanup --images` removes.
func (r *Run) removeImages(ctx context.Context) error {
	if !r.app.Betas.RemoveImage || !r.pushed || r.released {
		return nil
	}
	own := map[string]bool{}
	for _, i := range r.images {
		own[i.Digest] = true
	}
	in := r.retention()
	in.Tell = func(line string) { r.note("cleanup", line) }
	in.Only, in.Run = own, r.opts.Run
	if err := in.Remove(ctx); err != nil {
		r.note("cleanup", "the image of the beta stays: "+err.Error())
	}
	return nil
}

func (r *Run) retention() retention.Cleanup {
	out := retention.Cleanup{Of: r.succession().CheckApplication, Registry: r.env.Registry, Build: r.env.Build, Production: r.env.Production, BuildNamespace: r.opts.BuildNamespace, Namespace: r.opts.Namespace}
	for _, i := range r.images {
		out.Repositories = append(out.Repositories, i.Repo)
	}
	return out
}

// Retention returns what removes images of an application's betas that nothing needs.
func Retention(app description.Application, opts settings.Options, env Environment) (retention.Cleanup, error) {
	images, err := artifact.Of(app, opts.Image)
	r := &Run{app: app, opts: opts, env: env, images: images}
	return r.retention(), err
}

// awaitSweep waits until the betas of killed runs are gone.
func (r *Run) awaitSweep() error {
	if r.stale == nil {
		return nil
	}
	defer r.journal.WaitTime()()
	r.note("cleanup", "look for what killed runs left")
	r.sweeping.Awaited(func(text string) { r.note("cleanup", text) })
	return <-r.stale
}

// removeBeta waits for the removal under way, or removes what a failure left.
func (r *Run) removeBeta(ctx context.Context) error {
	if r.beta.removal == nil && !r.beta.made.Load() {
		return nil
	}
	defer r.journal.WaitTime()()
	if r.beta.removal != nil {
		r.note("cleanup", "wait until the beta is gone")
		r.beta.behind.Awaited(func(text string) { r.note("cleanup", text) })
		return <-r.beta.removal
	}
	r.note("cleanup", "remove the beta")
	r.beta.behind.Awaited(func(text string) { r.note("cleanup", text) })
	return r.deleteBeta(ctx)
}

// deleteBeta stops the heartbeat only when nothing is left: until then
// `cleanup --stale` must not take the run for a killed one.
func (r *Run) deleteBeta(ctx context.Context) error {
	_, err := runs.Delete(ctx, r.env.Build, r.opts.BuildNamespace, r.opts.Run, r.beta.behind.Heard)
	if r.beta.resign != nil {
		r.beta.resign()
	}
	if err == nil {
		r.beta.made.Store(false)
	}
	return err
}

// HasBeta reports whether the build namespace may hold something of this run. It may be
// called at any time from another goroutine.
func (r *Run) HasBeta() bool { return r.beta.made.Load() }

// keepBeta leaves the beta of a failed run up so that somebody can look at it, until
// the time given by --keep-beta or --timeout is over, or a signal comes.
func (r *Run) keepBeta(ctx context.Context) {
	if r.opts.KeepBeta == 0 || !r.beta.made.Load() || r.beta.removal != nil || ctx.Err() != nil {
		return
	}
	r.stage(ctx, Stage{Name: "keep-beta", Time: r.opts.KeepBeta, Run: func(ctx context.Context) error {
		r.note("keep-beta", "beta "+r.opts.Run+" stays until "+time.Now().Add(r.opts.KeepBeta).Format(time.TimeOnly)+" or Ctrl-C")
		<-ctx.Done()
		return nil
	}})
}
