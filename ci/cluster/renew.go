package cluster

import (
	"context"
	"errors"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const leaseRetry = time.Second // while the server is away, which cannot be watched

var errTaken = errors.New("the lease is held by another")

// renew keeps the lease until the context ends, or closes lost: at once when
// another has it, and before it would expire when the server cannot be reached.
func (l *Lease) renew(ctx context.Context) {
	renewed, pause := time.Now(), leaseRenewal
	for {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		start, expires := time.Now(), renewed.Add(leaseDuration-leaseMargin)
		err := l.write(ctx, expires, func(spec *coordinationv1.LeaseSpec) { spec.RenewTime = ptr.To(metav1.NewMicroTime(start)) })
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			renewed, pause = start, leaseRenewal
		case errors.Is(err, errTaken) || time.Now().Add(leaseRetry).After(expires):
			close(l.lost)
			return
		default:
			pause = leaseRetry
		}
	}
}

// write changes the lease while it is ours. A conflict may be our own earlier
// write whose answer was lost, so the server is asked before giving up.
func (l *Lease) write(ctx context.Context, expires time.Time, change func(*coordinationv1.LeaseSpec)) error {
	ctx, cancel := context.WithDeadline(ctx, expires)
	defer cancel()
	for {
		wanted := l.current.DeepCopy()
		change(&wanted.Spec)
		written, err := l.cluster.writeLease(ctx, wanted)
		if err == nil {
			l.current = written
			return nil
		}
		if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			return err
		}
		live, err := l.cluster.typed.CoordinationV1().Leases(wanted.Namespace).Get(ctx, wanted.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return errTaken
		case err != nil:
			return err
		case ptr.Deref(live.Spec.HolderIdentity, "") != l.holder || ptr.Deref(live.Spec.LeaseTransitions, 0) != l.number:
			return errTaken
		}
		l.current = live
	}
}

// Lost is closed when the lease is, or may be, held by another: what it protects
// must not be written any more.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Number returns how many times the lease changed hands: it grows with every
// holder and so tells a newer one from an older one.
func (l *Lease) Number() int32 { return l.number }

// Unlock ends the renewal and releases the lease at once, so that the next in
// line does not wait for it to expire. A lease that was lost is left alone.
func (l *Lease) Unlock(ctx context.Context) error {
	l.stop()
	l.renewer.Wait()
	err := l.write(ctx, time.Now().Add(leaseDuration), func(spec *coordinationv1.LeaseSpec) {
		spec.HolderIdentity, spec.RenewTime, spec.AcquireTime = nil, nil, nil
	})
	if errors.Is(err, errTaken) {
		return nil
	}
	return fromAPI(ctx, name("Lease", l.current.Namespace, l.current.Name), "unlock", err)
}
