// Package receipt proves what a run has changed: it compares the states of production and of the build namespace before and
// after it with what the run reports. It does not know how anything was changed, nor which stage did it.
package receipt

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

// Receipt compares the states before and after a run, to prove that the run changed what
// it reports and nothing else, as far as its credentials can see.
type Receipt struct {
	scope  Scope
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

// Scope is whose receipt it is, and what its connections see.
type Scope struct {
	Run                       string
	Build, Production         *cluster.Cluster // nil where the run has none
	BuildNamespace, Namespace string
}

// look reads the present state.
func (s Scope) look(ctx context.Context) (now seen, err error) {
	if now.production, err = s.lookAtProduction(ctx); err != nil || s.Build == nil {
		return now, err
	}
	now.rest, err = footprint.Take(ctx, s.Build, s.BuildNamespace)
	return now, err
}

func (s Scope) lookAtProduction(ctx context.Context) (*footprint.Fingerprint, error) {
	if s.Production == nil {
		return nil, nil
	}
	now, err := footprint.Take(ctx, s.Production, s.Namespace)
	if err != nil {
		return nil, err
	}
	return now.In(s.Namespace), nil
}

// Begin starts to read the state before the run, in the background.
func Begin(ctx context.Context, s Scope) *Receipt {
	taken := &Receipt{scope: s, known: make(chan struct{})}
	go func() {
		defer close(taken.known)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), receiptTime)
		defer cancel()
		taken.before, taken.err = s.look(ctx)
	}()
	return taken
}

// Ready waits until the state before the run is known: nothing may be written
// before. If it could not be read in the background, it is read again.
func (r *Receipt) Ready(ctx context.Context) error {
	if r == nil {
		return nil
	}
	<-r.known
	if r.err != nil {
		r.before, r.err = r.scope.look(ctx)
	}
	return r.err
}

// UnderLock reads production again: another run may have changed it before this one
// had the lock.
func (r *Receipt) UnderLock(ctx context.Context) error {
	if r == nil {
		return nil
	}
	if err := r.Ready(ctx); err != nil {
		return err
	}
	locked, err := r.scope.lookAtProduction(ctx)
	r.locked = locked
	return err
}

// CompareProduction compares production, while the lock (if the run took it) still
// keeps other runs away, which alone confirms.
func (r *Receipt) CompareProduction(ctx context.Context, alone func(context.Context) bool) error {
	if r == nil {
		return nil
	}
	if err := r.Ready(ctx); err != nil {
		return err
	}
	now, err := r.scope.lookAtProduction(ctx)
	if err != nil || now == nil {
		r.err = err
		return err
	}
	former := r.locked
	r.alone = former != nil && alone(ctx)
	if former == nil {
		former = r.before.production
	}
	r.production = former.Differences(now)
	r.objects = now.Count(r.scope.Namespace) + gone(r.production)
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

// After compares the rest, once nothing of the run is left there, and returns the receipt of a run that says to have made the
// changes; nil where none is to be had, which was reported already. A change that is neither reported by this run nor clearly
// made by others is a failure with exit code 61.
func (r *Receipt) After(ctx context.Context, changes []report.Change) (*report.Receipt, error) {
	if r == nil || r.err != nil {
		return nil, nil
	}
	out, err := r.after(ctx, changes)
	if err != nil {
		return nil, err
	}
	if len(out.Unexpected) == 0 {
		return &out, nil
	}
	failure := &exit.Failure{Code: exit.Outside, Cause: "something outside this run changed",
		Try: "find out who did it: kubectl get KIND NAME -o yaml --show-managed-fields"}
	for _, touched := range out.Unexpected {
		failure.Evidence = append(failure.Evidence, touched.String())
	}
	return &out, failure
}

// after returns the whole receipt of a run that says to have made the changes.
func (r *Receipt) after(ctx context.Context, changes []report.Change) (report.Receipt, error) {
	out := r.scope.sort(r.production, changes, r.alone)
	out.Objects, out.Unseen = r.objects, r.scope.Production == nil
	if r.scope.Build == nil {
		return out, nil
	}
	now, err := footprint.Take(ctx, r.scope.Build, r.scope.BuildNamespace)
	if err != nil {
		return out, err
	}
	outside := r.scope.sort(r.before.rest.Differences(now), changes, false)
	out.Others, out.Unexpected = append(out.Others, outside.Others...), append(out.Unexpected, outside.Unexpected...)
	return out, nil
}
