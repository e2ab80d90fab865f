package pipeline

import (
	"context"
	"time"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/status"
)

// lostTime limits finding out who has production instead.
const lostTime = 5 * time.Second

// lockLost is the Failure of a run that has lost the production lock; it says to whom.
func (r *Run) lockLost(ctx context.Context) *exit.Failure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lostTime)
	defer cancel()
	r.toldLost = true
	r.back.say(nil) // the commands would undo what the other run has changed
	return &exit.Failure{Code: exit.Undo, Err: lock.ErrLost, Try: "look at `" + about.Program() + " status`; if it shows changes that this run left behind, `" + about.Program() + " recover` puts them back",
		Cause: "the production lock was lost: it " + r.lease.LostBecause() + "; this run writes nothing there any more; " + status.WhoHas(ctx, r.env.Production, r.opts.Namespace, r.holder())}
}

// holder is this run's name as holder of the lock, which other runs print.
func (r *Run) holder() string { return lock.Named(r.opts.Run, r.opts.Version) }

// lockProduction waits in the queue for the production lock. Whatever changes
// production must use the context that it returns, see lock.Lease.Under.
func (r *Run) lockProduction(ctx context.Context, stage string) (under context.Context, done func(), err error) {
	defer r.journal.WaitTime()()
	r.lease, err = lock.Lock(ctx, r.env.Production, r.opts.Namespace, lock.Production, r.holder(), func(other string, place int) {
		r.note(stage, "waiting for run "+other+", which changes production; "+lock.Ordinal(place)+" in the queue")
	})
	if err != nil {
		return nil, nil, err
	}
	r.locked = r.env.Production.Now()
	under, done = r.lease.Under(ctx)
	return under, done, nil
}

// unlockProduction releases the lock. Having lost it is a failure even of a run that has
// nothing left to write, for production may no longer be as that run reports.
func (r *Run) unlockProduction(ctx context.Context) error {
	if r.lease == nil {
		return nil
	}
	defer func() { r.lease = nil }()
	err := r.lease.Unlock(ctx)
	if r.lease.IsLost() && r.production.verified && !r.toldLost {
		return r.lockLost(ctx)
	}
	return err
}
