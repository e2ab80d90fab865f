package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
)

// leaseName is the lock of production: one run at a time changes it.
const leaseName = "slipway-production"

// errLockLost ends what is done under a lock that another may have taken over: that
// one puts production back, so this run must not touch it any more.
var errLockLost = errors.New("the lock of production was lost")

// lostTime is how long the question may take who has production instead.
const lostTime = 5 * time.Second

// hold is a run's lock of production. Its zero value holds nothing.
type hold struct {
	lease    *lock.Lease
	toldLost bool // that it was lost, was said
}

// lockLost is the failure of a run that lost production; it says to whom.
func (r *Run) lockLost(ctx context.Context) *Failure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lostTime)
	defer cancel()
	r.lock.toldLost = true
	r.back.say(nil) // what led back from this run's changes would now undo the other's
	return &Failure{Code: ExitUndo, Err: errLockLost, Try: "look at `go run ./ci status`; if it shows changes that this run left behind, `go run ./ci recover` puts them back",
		Cause: "the lock of production was lost, because it " + r.lock.lease.LostBecause() + "; this run writes nothing there any more; " + r.whoHasProduction(ctx)}
}

// whoHasProduction names the run that has the lock, else whose release runs.
func (r *Run) whoHasProduction(ctx context.Context) string {
	if holder, err := lock.HolderOf(ctx, r.env.Production, r.opts.Namespace, leaseName); err == nil && holder.Name != "" && holder.Name != r.holder() {
		return "run " + holder.Name + " changes production now"
	}
	releases, err := r.releases(ctx)
	switch {
	case err != nil:
		return "whose production is now could not be read"
	case len(releases) == 0:
		return "production has no release now"
	}
	return "production is the release of run " + holder(releases[0].Run, releases[0].Version) + " now"
}

// holder is how this run is named to others that wait for the lock.
func (r *Run) holder() string { return holder(r.opts.Run, r.opts.Version) }

func holder(run, version string) string { return run + " (" + version + ")" }

// lockProduction waits in the queue until production is this run's to change. What
// changes production uses the context that it returns, see fence.
func (r *Run) lockProduction(ctx context.Context, stage string) (under context.Context, done func(), err error) {
	defer r.waitTime()()
	r.lock.lease, err = lock.Lock(ctx, r.env.Production, r.opts.Namespace, leaseName, r.holder(), func(other string, place int) {
		r.note(stage, "waiting for run "+other+", which changes production; "+ordinal(place)+" in the queue")
	})
	if err != nil {
		return nil, nil, err
	}
	under, done = r.lock.fence(ctx)
	return under, done, nil
}

// unlockProduction gives the lock back; that it was lost is a failure even of a run
// that has nothing left to write, for production may not be as that run says.
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

// fence returns a context that ends when the lock is lost, and whose writes are
// sent only while it is surely held: a process that was stopped finds out about its
// loss before it writes.
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

// lost reports whether the lock was had and is no longer.
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
