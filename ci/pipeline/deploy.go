package pipeline

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/route"
	"github.com/slipway-cd/slipway/ci/signing"
)

// production is what a run knows of production and has done to it.
type production struct {
	former        *records.Release             // what it ran before, nil for a first deploy
	objects       []*unstructured.Unstructured // what it holds now
	refs          []managed.Ref                // references to them, with uids, and to objects that it kept
	awaited       []managed.Ref                // what runs that it undid may still create
	broken        []records.Broken             // releases that cannot be read
	rerouted      bool                         // the spec of an Ingress, or of its like, changed
	verified      bool                         // the new version answers
	released      time.Time                    // when that was recorded; zero: it was released before
	recording     bool                         // writing the release was begun
	recordedLater bool                         // by place: steps come first that may still fail
	signer        signing.Known                // by whom its images are known to be tested; nobody where several count, or none
}

// Deploy deploys the tested digest to production and waits for its rollout.
func (r *Run) Deploy(ctx context.Context) error {
	objects, err := r.overlays().RenderProduction(r.images)
	if err != nil {
		return err
	}
	r.note("deploy", "verify evidence")
	if err := r.verify(ctx, "deploy", nil); err != nil {
		return err
	}
	ctx, done, err := r.lockProduction(ctx, "deploy")
	if err != nil {
		return err
	}
	defer done()
	if err := r.recoverDead(ctx, "deploy"); err != nil {
		return err
	}
	if err := r.remember(ctx); err != nil {
		return err
	}
	r.tellBroken("deploy")
	if err := r.succession().Superseded(ctx, r.production.former); err != nil {
		return err
	}
	changes, err := r.change(ctx, "deploy", objects, r.applyOptions())
	r.record(changes)
	if err != nil {
		return err
	}
	r.detail = write.Told(changes, len(objects))
	return nil
}

// remember finds the release to go back to.
func (r *Run) remember(ctx context.Context) error {
	deployed, err := r.deployed(ctx)
	r.production.former = deployed
	return err
}

// change applies the objects to production, waits for their rollout and prunes what
// only the former release had. It plans everything first, then records the way back,
// and only then writes.
func (r *Run) change(ctx context.Context, stage string, objects []*unstructured.Unstructured, options apply.Options) ([]write.Change, error) {
	if err := account.CheckIdentity(objects); err != nil { // a rollback may go to a release from before this check existed
		return nil, err
	}
	record := records.UndoRecord{Namespace: r.opts.Namespace, Run: r.opts.Run, Version: r.opts.Version, Number: r.lease.Number(), Deploy: r.deploy()}
	if r.production.former != nil {
		record.Back = r.production.former.Version
	}
	if err := r.receipt.UnderLock(ctx); err != nil {
		return nil, err
	}
	r.note(stage, "plan")
	plan, err := apply.NewPlan(ctx, r.env.Production, objects, options)
	if err != nil {
		return nil, err
	}
	if plan.Writes() {
		r.note(stage, "record the way back")
		record, err = records.SaveUndo(ctx, r.env.Production, record, plan, r.release(objects, plan.Refs()))
		r.back.begin(record)
		if err != nil {
			return nil, err
		}
	}
	r.note(stage, "apply")
	changes, err := apply.Carry(ctx, r.env.Production, plan, r.journal.Tell(ctx, r.as(stage)))
	if err != nil {
		return changes, err
	}
	r.production.rerouted = slices.ContainsFunc(changes, func(c write.Change) bool { return c.Respecified && routes(c) })
	if err := r.wait(ctx, r.env.Production, stage, plan.Wanted()); err != nil {
		return changes, err
	}
	r.note(stage, "prune")
	pruned, err := apply.Prune(ctx, r.env.Production, plan)
	r.production.objects, r.production.refs = objects, plan.Refs()
	return append(append(changes, pruned...), plan.Kept...), err
}

// routes reports whether what was changed leads users to a Service.
func routes(c write.Change) bool {
	return slices.ContainsFunc(route.Kinds, func(kind route.Kind) bool { return kind.Kind == c.Kind })
}

func (r *Run) applyOptions() apply.Options {
	options := apply.Options{Prune: r.opts.Prune, TakeOver: r.opts.TakeOver, Leave: r.opts.Leave}
	if r.production.former != nil {
		options.Former = r.production.former.Refs
	}
	return options
}

// wait waits until the objects are rolled out and ready. A cloud that says that it is making
// what leads users there takes as long as it takes.
func (r *Run) wait(ctx context.Context, in *cluster.Cluster, stage string, objects []*unstructured.Unstructured) error {
	defer r.journal.WaitTime()()
	defer r.atWork.During(func(ctx context.Context) string { return rollout.AtWork(ctx, in, objects) })()
	return rollout.Wait(ctx, in, objects, r.journal.Tell(ctx, r.as(stage)))
}
