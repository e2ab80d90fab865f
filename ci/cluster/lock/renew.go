package lock

import (
	"context"
	"errors"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

var errTaken = errors.New("the lease is held by another")

// renew keeps the lease until the context ends, or closes lost when another has
// it. While the server cannot be reached it keeps trying: nobody else can take the
// lease there, and if somebody did in the end, the first answer tells.
func (l *Lease) renew(ctx context.Context) {
	pause := l.cluster.Renewal()
	for {
		select {
		case <-time.After(pause):
		case <-l.wake:
		case <-ctx.Done():
			return
		}
		renewing, cancel := context.WithTimeout(ctx, l.cluster.Renewal())
		err := l.renewal(renewing)
		cancel()
		switch {
		case ctx.Err() != nil || errors.Is(err, errTaken):
			return
		case err != nil:
			pause = leaseRetry
		default:
			pause = l.cluster.Renewal()
		}
		l.note(err == nil)
	}
}

// renewal writes one renewal and remembers when it was sent, or that the lease is lost.
func (l *Lease) renewal(ctx context.Context) error {
	sent := sinceBoot()
	now := metav1.NewMicroTime(l.cluster.Now())
	err := l.write(ctx, func(spec *coordinationv1.LeaseSpec) { spec.RenewTime = &now })
	if err == nil {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.confirmed = max(l.confirmed, sent)
	}
	return err
}

func (l *Lease) version() string {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.current.ResourceVersion
}

// ours reports whether a state of the lease is one in which we hold it.
func (l *Lease) ours(live *coordinationv1.Lease) bool {
	return ptr.Deref(live.Spec.HolderIdentity, "") == l.holder && ptr.Deref(live.Spec.LeaseTransitions, 0) == l.number
}

// note remembers since when renewals go through.
func (l *Lease) note(renewed bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	switch {
	case !renewed:
		l.steady = time.Time{}
	case l.steady.IsZero():
		l.steady = time.Now()
	}
}

// steadySince returns since when every renewal went through, zero while they do
// not: what others did not renew before that says nothing about them.
func (l *Lease) steadySince() time.Time {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.steady
}

// write changes the lease while it is ours; else it is lost from now on. A conflict
// may be our own earlier write whose answer was lost, so the server is asked before
// giving up.
func (l *Lease) write(ctx context.Context, change func(*coordinationv1.LeaseSpec)) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	for {
		wanted := l.current.DeepCopy()
		change(&wanted.Spec)
		written, err := writeLease(ctx, l.cluster, wanted)
		if err == nil {
			l.current = written
			return nil
		}
		if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			return err
		}
		live, err := l.cluster.Typed.CoordinationV1().Leases(wanted.Namespace).Get(ctx, wanted.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return l.lose(true)
		case err != nil:
			return err
		case live.UID != l.current.UID || !l.ours(live):
			return l.lose(live.UID == l.current.UID && ptr.Deref(live.Spec.LeaseTransitions, 0) == l.number)
		}
		l.current = live
	}
}

// lose closes lost and remembers how it came; it returns errTaken.
func (l *Lease) lose(byHand bool) error {
	l.losing.Do(func() {
		l.mutex.Lock()
		l.byHand = byHand
		l.mutex.Unlock()
		close(l.lost)
	})
	return errTaken
}

// LostBecause returns why the lease was lost, in words that follow "for it".
func (l *Lease) LostBecause() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.byHand {
		return "was deleted or set free by hand"
	}
	return "was not renewed for too long and another run took it"
}

// Lost is closed when another has the lease: what it protects must not be written
// any more.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Number returns how many times the lease changed hands: it grows with every
// holder and so tells a newer one from an older one.
func (l *Lease) Number() int32 { return l.number }

// Unlock ends the renewal and releases the lease at once, so that the next in
// line does not wait for it to expire. A lease that was lost is left alone.
func (l *Lease) Unlock(ctx context.Context) error {
	l.stop()
	l.renewer.Wait()
	ctx, cancel := context.WithTimeout(ctx, l.cluster.Lasts())
	defer cancel()
	err := l.write(ctx, func(spec *coordinationv1.LeaseSpec) {
		spec.HolderIdentity, spec.RenewTime, spec.AcquireTime = nil, nil, nil
	})
	if errors.Is(err, errTaken) {
		return nil
	}
	return cluster.FromAPI(ctx, managed.Name("Lease", l.current.Namespace, l.current.Name), "unlock", err)
}

func (l *Lease) isLost() bool {
	select {
	case <-l.lost:
		return true
	default:
		return false
	}
}
