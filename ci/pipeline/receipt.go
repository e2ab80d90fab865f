package pipeline

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster/footprint"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/report"
)

// receiptTime limits reading the state before a run.
const receiptTime = 30 * time.Second

// receipt compares the states before and after a run, to prove that the run changed what
// it reports and nothing else, as far as its credentials can see.
type receipt struct {
	known  chan struct{} // closed when before, or err, is set
	before seen
	err    error
	locked *footprint.Fingerprint // production once the run had the lock; nil without one

	production []footprint.Difference
	objects    int  // of production
	alone      bool // nobody else may have changed production
}

// seen is the state of production and of everything else that the run can read. A part
// is nil if the run has no connection for it.
type seen struct{ production, rest *footprint.Fingerprint }

// look reads the present state.
func (r *Run) look(ctx context.Context) (now seen, err error) {
	if now.production, err = r.lookAtProduction(ctx); err != nil || r.env.Build == nil {
		return now, err
	}
	now.rest, err = footprint.Take(ctx, r.env.Build, r.opts.BuildNamespace)
	return now, err
}

func (r *Run) lookAtProduction(ctx context.Context) (*footprint.Fingerprint, error) {
	if r.env.Production == nil {
		return nil, nil
	}
	now, err := footprint.Take(ctx, r.env.Production, r.opts.Namespace)
	if err != nil {
		return nil, err
	}
	return now.In(r.opts.Namespace), nil
}

// receiptBefore starts to read the state before the run, in the background.
func (r *Run) receiptBefore(ctx context.Context) {
	taken := &receipt{known: make(chan struct{})}
	r.receipt = taken
	go func() {
		defer close(taken.known)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), receiptTime)
		defer cancel()
		taken.before, taken.err = r.look(ctx)
	}()
}

// receiptReady waits until the state before the run is known: nothing may be written
// before. If it could not be read in the background, it is read again.
func (r *Run) receiptReady(ctx context.Context) error {
	if r.receipt == nil {
		return nil
	}
	<-r.receipt.known
	if r.receipt.err != nil {
		r.receipt.before, r.receipt.err = r.look(ctx)
	}
	return r.receipt.err
}

// receiptUnderLock reads production again: another run may have changed it before
// this one had the lock.
func (r *Run) receiptUnderLock(ctx context.Context) error {
	if r.receipt == nil {
		return nil
	}
	if err := r.receiptReady(ctx); err != nil {
		return err
	}
	locked, err := r.lookAtProduction(ctx)
	r.receipt.locked = locked
	return err
}

// receiptOfProduction compares production, while the lock (if the run took it) still
// keeps other runs away.
func (r *Run) receiptOfProduction(ctx context.Context) error {
	if r.receipt == nil {
		return nil
	}
	if err := r.receiptReady(ctx); err != nil {
		return err
	}
	now, err := r.lookAtProduction(ctx)
	if err != nil || now == nil {
		r.receipt.err = err
		return err
	}
	former := r.receipt.locked
	r.receipt.alone = former != nil && r.holdsProduction(ctx)
	if former == nil {
		former = r.receipt.before.production
	}
	r.receipt.production, r.receipt.objects = former.Differences(now), now.Count(r.opts.Namespace)
	return nil
}

// receiptAfter compares the rest, once nothing of the run is left there, and adds the
// receipt to the report. A change that is neither reported by this run nor clearly made
// by others is a failure with exit code 61.
func (r *Run) receiptAfter(ctx context.Context) error {
	if r.receipt == nil || r.receipt.err != nil {
		return nil // reported already
	}
	out := r.sort(r.receipt.production, r.receipt.alone)
	out.Objects, out.Unseen = r.receipt.objects, r.env.Production == nil
	if r.env.Build != nil {
		now, err := footprint.Take(ctx, r.env.Build, r.opts.BuildNamespace)
		if err != nil {
			return err
		}
		outside := r.sort(r.receipt.before.rest.Differences(now), false)
		out.Others, out.Unexpected = append(out.Others, outside.Others...), append(out.Unexpected, outside.Unexpected...)
	}
	r.report.Receipt = &out
	if len(out.Unexpected) == 0 {
		return nil
	}
	failure := &Failure{Code: ExitOutside, Cause: "something outside this run changed",
		Try: "find out who did it: kubectl get KIND NAME -o yaml --show-managed-fields"}
	for _, touched := range out.Unexpected {
		failure.Evidence = append(failure.Evidence, touched.String())
	}
	return failure
}

// sort sorts differences into those that the run reports, those made by others, and those
// that nobody explains. Changes by other runs count as theirs, unless the lock kept them
// away.
func (r *Run) sort(found []footprint.Difference, alone bool) (out report.Receipt) {
	for _, d := range found {
		touched := report.Touched{Namespace: d.Namespace, Kind: d.Kind, Name: d.Name, Action: report.Action(d.Action), By: append([]string{}, d.By...)}
		switch {
		case r.recorded(d):
			out.Changed++
		case !alone && r.othersRun(d):
		case r.followsFrom(d):
		case slices.ContainsFunc(d.By, notSlipway), d.Kind == "Job" && d.Action == write.Deleted:
			out.Others = append(out.Others, touched) // a Job may go by itself: ttlSecondsAfterFinished
		default:
			out.Unexpected = append(out.Unexpected, touched)
		}
	}
	return out
}

func notSlipway(manager string) bool { return manager != managed.FieldManager }

// othersRun reports whether another run made the change: anything in its beta, or in
// production what it has written or removed.
func (r *Run) othersRun(d footprint.Difference) bool {
	if d.Run == "" || d.Run == r.opts.Run {
		return false
	}
	return d.Namespace == r.opts.BuildNamespace || len(d.By) == 0 || slices.Contains(d.By, managed.FieldManager)
}

// recorded reports whether the object is among the changes that the run reports.
func (r *Run) recorded(d footprint.Difference) bool {
	return slices.ContainsFunc(r.report.Changes, func(c report.Change) bool {
		return c.Namespace == d.Namespace && c.Kind == d.Kind && c.Name == d.Name && wrote(c.Action)
	})
}

func wrote(action report.Action) bool {
	return slices.Contains([]report.Action{report.Created, report.Configured, report.Deleted, report.Restored}, action)
}

var ordinalOfPod = regexp.MustCompile(`^\d+$`)

// followsFrom reports whether Kubernetes made the object because of one that the run
// wrote: a claim from a StatefulSet's volumeClaimTemplates, named TEMPLATE-SET-N.
func (r *Run) followsFrom(d footprint.Difference) bool {
	return d.Kind == "PersistentVolumeClaim" && slices.ContainsFunc(r.report.Changes, func(c report.Change) bool {
		_, end, found := strings.Cut(d.Name, "-"+c.Name+"-")
		return c.Kind == "StatefulSet" && c.Namespace == d.Namespace && wrote(c.Action) && found && ordinalOfPod.MatchString(end)
	})
}
