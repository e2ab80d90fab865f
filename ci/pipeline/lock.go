package pipeline

import (
	"context"
	"fmt"
)

// leaseName is the lock of production: one run at a time changes it.
const leaseName = "slipway-production"

// errLockLost ends a run whose lock another may have taken over: that one puts
// production back, so this one must not touch it any more.
var errLockLost = &Failure{Code: ExitUndo, Cause: "the lock of production was lost: another run took it, for this one had not renewed it for too long",
	Try: "the run that has it now puts production back; else run `go run ./ci recover`"}

// holder is how this run is named to others that wait for the lock.
func (r *Run) holder() string { return holder(r.opts.Run, r.opts.Version) }

func holder(run, version string) string { return run + " (" + version + ")" }

// lockProduction waits in the queue until production is this run's to change.
func (r *Run) lockProduction(ctx context.Context, stage string) (err error) {
	defer r.waitTime()()
	r.lease, err = r.env.Production.Lock(ctx, r.opts.Namespace, leaseName, r.holder(), func(other string, place int) {
		r.note(stage, "waiting for run "+other+", which changes production; "+ordinal(place)+" in the queue")
	})
	return err
}

func (r *Run) unlockProduction(ctx context.Context) error {
	if r.lease == nil {
		return nil
	}
	lease := r.lease
	r.lease = nil
	return lease.Unlock(ctx)
}

// underLock returns a context that ends when the lock is lost.
func (r *Run) underLock(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-r.lease.Lost():
			cancel(errLockLost)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// lost reports whether the lock was had and is no longer.
func (r *Run) lost() bool {
	if r.lease == nil {
		return false
	}
	select {
	case <-r.lease.Lost():
		return true
	default:
		return false
	}
}

// ordinal writes 1st, 2nd, 3rd, 4th.
func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprint(n) + suffix
}
