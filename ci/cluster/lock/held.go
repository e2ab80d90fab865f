package lock

import (
	"context"
	"errors"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// Production names the Lease that is the production lock: one run at a time changes
// production.
const Production = "slipway-production"

// Named is a run's name as holder of that lock, which other runs print.
func Named(run, version string) string { return run + " (" + version + ")" }

// ErrLost is the cause of a context whose lock another run may have taken over.
// That run puts production back, so this one must not touch it any more.
var ErrLost = errors.New("the production lock was lost")

// Held asks whether the lease is still ours. No lease is not.
func (l *Lease) Held(ctx context.Context) bool {
	return l != nil && !errors.Is(l.Ask(ctx), cluster.ErrLost)
}

// IsLost reports whether there was a lease and it was lost.
func (l *Lease) IsLost() bool { return l != nil && l.isLost() }

// Under returns a context that is cancelled when the lease is lost. Writes with it
// are sent only while it is certainly held, so that a process that was suspended
// notices the loss before it writes.
func (l *Lease) Under(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-l.Lost():
			cancel(ErrLost)
		case <-ctx.Done():
		}
	}()
	return l.Fence(ctx), func() { cancel(nil) }
}
