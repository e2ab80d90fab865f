package lock

import (
	"context"
	"errors"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Fence returns a context whose writes to the API server are sent only while the
// lease is surely ours: each one, and each repetition of one, is preceded by a look
// at how long ago the lease was confirmed, by a clock that runs on while the
// machine sleeps, and by a question to the server when that was too long ago.
//
// A write that finds the lease with another is not sent: its error is of class
// Lost. Writes of planned objects and of records carry, besides, what was planned
// (uid and resourceVersion, or absence) for the server to compare, so that one that
// was under way when the process was stopped is refused by what others wrote since.
func (l *Lease) Fence(ctx context.Context) context.Context { return cluster.WithFence(ctx, l) }

// Confirm returns nil while the lease is surely ours.
func (l *Lease) Confirm(ctx context.Context) error {
	if !l.isLost() && l.sure() {
		return nil
	}
	return l.Ask(ctx)
}

// sure reports whether the last confirmed renewal was so recent that nobody can
// have taken the lease since: the last third of its time is for the write to arrive.
func (l *Lease) sure() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	age := sinceBoot() - l.confirmed
	return age >= 0 && age < l.cluster.Lasts()-l.cluster.Renewal()
}

// Ask renews the lease now. The error is of class Lost when another has it, or had
// it meanwhile, or when it was deleted.
func (l *Lease) Ask(ctx context.Context) error {
	if !l.isLost() {
		asking, cancel := context.WithTimeout(cluster.WithFence(context.WithoutCancel(ctx), nil), l.cluster.Renewal())
		defer cancel()
		if err := l.renewal(asking); !errors.Is(err, errTaken) {
			return cluster.FromAPI(asking, l.object(), "renew", err)
		}
	}
	return l.lostError()
}

func (l *Lease) lostError() error {
	return &cluster.Error{Class: cluster.Lost, Object: l.object(), Cause: "is no longer held by " + l.holder + ", because it " + l.LostBecause(), Err: cluster.ErrLost}
}

func (l *Lease) object() string { return managed.Name("Lease", l.namespace, l.name) }
