package pipeline

import (
	"context"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/footprint"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
)

// receiptTime limits reading the state before a run.
const receiptTime = 30 * time.Second

// receipt compares the states before and after a run, to prove that the run changed what
// it reports and nothing else, as far as its credentials can see.
type receipt struct {
	scope  scope
	known  chan struct{} // closed when before, or err, is set
	before seen
	err    error
	locked *footprint.Fingerprint // production once the run had the lock; nil without one

	production []footprint.Difference
	objects    int  // of production, before or after
	alone      bool // nobody else may have changed production
}

// seen is the state of production and of everything else that the run can read. A part
// is nil if the run has no connection for it.
type seen struct{ production, rest *footprint.Fingerprint }

// scope is whose receipt it is, and what its connections see.
type scope struct {
	run                       string
	build, production         *cluster.Cluster // nil where the run has none
	buildNamespace, namespace string
}

func (r *Run) scope() scope {
	return scope{run: r.opts.Run, build: r.env.Build, production: r.env.Production, buildNamespace: r.opts.BuildNamespace, namespace: r.opts.Namespace}
}

// look reads the present state.
func (s scope) look(ctx context.Context) (now seen, err error) {
	if now.production, err = s.lookAtProduction(ctx); err != nil || s.build == nil {
		return now, err
	}
	now.rest, err = footprint.Take(ctx, s.build, s.buildNamespace)
	return now, err
}

func (s scope) lookAtProduction(ctx context.Context) (*footprint.Fingerprint, error) {
	if s.production == nil {
		return nil, nil
	}
	now, err := footprint.Take(ctx, s.production, s.namespace)
	if err != nil {
		return nil, err
	}
	return now.In(s.namespace), nil
}

// newReceipt starts to read the state before the run, in the background.
func newReceipt(ctx context.Context, s scope) *receipt {
	taken := &receipt{scope: s, known: make(chan struct{})}
	go func() {
		defer close(taken.known)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), receiptTime)
		defer cancel()
		taken.before, taken.err = s.look(ctx)
	}()
	return taken
}

// ready waits until the state before the run is known: nothing may be written
// before. If it could not be read in the background, it is read again.
func (r *receipt) ready(ctx context.Context) error {
	if r == nil {
		return nil
	}
	<-r.known
	if r.err != nil {
		r.before, r.err = r.scope.look(ctx)
	}
	return r.err
}

// underLock reads production again: another run may have changed it before this one
// had the lock.
func (r *receipt) underLock(ctx context.Context) error {
	if r == nil {
		return nil
	}
	if err := r.ready(ctx); err != nil {
		return err
	}
	locked, err := r.scope.lookAtProduction(ctx)
	r.locked = locked
	return err
}

// compareProduction compares production, while the lock (if the run took it) still
// keeps other runs away.
func (r *receipt) compareProduction(ctx context.Context, lock *hold) error {
	if r == nil {
		return nil
	}
	if err := r.ready(ctx); err != nil {
		return err
	}
	now, err := r.scope.lookAtProduction(ctx)
	if err != nil || now == nil {
		r.err = err
		return err
	}
	former := r.locked
	r.alone = former != nil && lock.held(ctx)
	if former == nil {
		former = r.before.production
	}
	r.production = former.Differences(now)
	r.objects = now.Count(r.scope.namespace) + gone(r.production)
	return nil
}

// gone counts what was there before and is no more: it is among what can have changed.
func gone(found []footprint.Difference) (count int) {
	for _, d := range found {
		if d.Action == write.Deleted {
			count++
		}
	}
	return count
}

// receiptAfter compares the rest, once nothing of the run is left there, and adds the
// receipt to the report. A change that is neither reported by this run nor clearly made
// by others is a failure with exit code 61.
func (r *Run) receiptAfter(ctx context.Context) error {
	if r.receipt == nil || r.receipt.err != nil {
		return nil // reported already
	}
	out, err := r.receipt.after(ctx, r.report.Changes)
	if err != nil {
		return err
	}
	r.report.Receipt = &out
	if len(out.Unexpected) == 0 {
		return nil
	}
	failure := &exit.Failure{Code: exit.Outside, Cause: "something outside this run changed",
		Try: "find out who did it: kubectl get KIND NAME -o yaml --show-managed-fields"}
	for _, touched := range out.Unexpected {
		failure.Evidence = append(failure.Evidence, touched.String())
	}
	return failure
}

// after returns the whole receipt of a run that says to have made the changes.
func (r *receipt) after(ctx context.Context, changes []report.Change) (report.Receipt, error) {
	out := r.scope.sort(r.production, changes, r.alone)
	out.Objects, out.Unseen = r.objects, r.scope.production == nil
	if r.scope.build == nil {
		return out, nil
	}
	now, err := footprint.Take(ctx, r.scope.build, r.scope.buildNamespace)
	if err != nil {
		return out, err
	}
	outside := r.scope.sort(r.before.rest.Differences(now), changes, false)
	out.Others, out.Unexpected = append(out.Others, outside.Others...), append(out.Unexpected, outside.Unexpected...)
	return out, nil
}
