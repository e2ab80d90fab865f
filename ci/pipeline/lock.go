package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
)

// leaseName names the Lease that is the production lock: one run at a time changes
// production.
const leaseName = "slipway-production"

// errLockLost is the cause of a context whose lock another run may have taken over.
// That run puts production back, so this one must not touch it any more.
var errLockLost = errors.New("the production lock was lost")

// lostTime limits finding out who has production instead.
const lostTime = 5 * time.Second

// hold is a run's production lock. Its zero value holds nothing.
type hold struct {
	lease    *lock.Lease
	since    time.Time // when a deploy or a rollback got it
	toldLost bool      // the loss has been reported
}

// lockLost is the Failure of a run that has lost the production lock; it says to whom.
func (r *Run) lockLost(ctx context.Context) *Failure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lostTime)
	defer cancel()
	r.lock.toldLost = true
	r.back.say(nil) // the commands would undo what the other run has changed
	return &Failure{Code: ExitUndo, Err: errLockLost, Try: "look at `go run ./ci status`; if it shows changes that this run left behind, `go run ./ci recover` puts them back",
		Cause: "the production lock was lost: it " + r.lock.lease.LostBecause() + "; this run writes nothing there any more; " + r.whoHasProduction(ctx)}
}

// whoHasProduction names the run that holds the lock or, without one, that of the
// current release.
func (r *Run) whoHasProduction(ctx context.Context) string {
	if holder, err := lock.HolderOf(ctx, r.env.Production, r.opts.Namespace, leaseName); err == nil && holder.Name != "" && holder.Name != r.holder() {
		return "run " + holder.Name + " changes production now"
	}
	releases, err := r.releases(ctx)
	switch {
	case err != nil:
		return "which run has production now could not be read"
	case len(releases) == 0:
		return "production has no release now"
	}
	return "production now runs the release of run " + holder(releases[0].Run, releases[0].Version)
}

// holder is this run's name as holder of the lock, which other runs print.
func (r *Run) holder() string { return holder(r.opts.Run, r.opts.Version) }

func holder(run, version string) string { return run + " (" + version + ")" }

// lockProduction waits in the queue for the production lock. Whatever changes
// production must use the context that it returns, see fence.
func (r *Run) lockProduction(ctx context.Context, stage string) (under context.Context, done func(), err error) {
	defer r.waitTime()()
	r.lock.lease, err = lock.Lock(ctx, r.env.Production, r.opts.Namespace, leaseName, r.holder(), func(other string, place int) {
		r.note(stage, "waiting for run "+other+", which changes production; "+ordinal(place)+" in the queue")
	})
	if err != nil {
		return nil, nil, err
	}
	r.lock.since = r.env.Production.Now()
	under, done = r.lock.fence(ctx)
	return under, done, nil
}

// unlockProduction releases the lock. Having lost it is a failure even of a run that has
// nothing left to write, for production may no longer be as that run reports.
func (r *Run) unlockProduction(ctx context.Context) error {
	if r.lock.lease == nil {
		return nil
	}
	defer func() { r.lock.lease = nil }()
	err := r.lock.lease.Unlock(ctx)
	if r.lock.lost() && r.production.verified && !r.lock.toldLost {
		return r.lockLost(ctx)
	}
	return err
}

// held asks whether the lock is still this run's.
func (h *hold) held(ctx context.Context) bool {
	return h.lease != nil && !errors.Is(h.lease.Ask(ctx), cluster.ErrLost)
}

// fence returns a context that is cancelled when the lock is lost. Writes with it
// are sent only while the lock is certainly held, so that a process that was suspended
// notices the loss before it writes.
func (h *hold) fence(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-h.lease.Lost():
			cancel(errLockLost)
		case <-ctx.Done():
		}
	}()
	return h.lease.Fence(ctx), func() { cancel(nil) }
}

// lost reports whether this run had the lock and lost it.
func (h *hold) lost() bool {
	if h.lease == nil {
		return false
	}
	select {
	case <-h.lease.Lost():
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
