package cluster

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// renew keeps the lease until the context ends, or closes lost: at once when
// another has it, and before it would expire when the server cannot be reached.
func (l *Lease) renew(ctx context.Context) {
	renewed := time.Now()
	for wait := leaseRenewal; ; wait = leaseRenewal {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		deadline := renewed.Add(leaseDuration - leaseMargin)
		for {
			start := time.Now()
			err := l.write(ctx, deadline)
			if err == nil {
				renewed = start
				break
			}
			if ctx.Err() != nil {
				return
			}
			if apierrors.IsConflict(err) || apierrors.IsNotFound(err) || !time.Now().Add(time.Second).Before(deadline) {
				close(l.lost)
				return
			}
			select {
			case <-time.After(time.Second): // the server is away; nothing can be watched
			case <-ctx.Done():
				return
			}
		}
	}
}

func (l *Lease) write(ctx context.Context, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	wanted := l.current.DeepCopy()
	wanted.Spec.RenewTime = ptr.To(metav1.NowMicro())
	written, err := l.cluster.writeLease(ctx, wanted)
	if err == nil {
		l.current = written
	}
	return err
}

// Lost is closed when the lease is, or may be, held by another: what it protects
// must not be written any more.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Number returns how many times the lease changed hands: it grows with every
// holder and so tells a newer one from an older one.
func (l *Lease) Number() int32 { return ptr.Deref(l.current.Spec.LeaseTransitions, 0) }

// Unlock ends the renewal and releases the lease at once, so that the next in
// line does not wait for it to expire. A lease that was lost is left alone.
func (l *Lease) Unlock(ctx context.Context) error {
	l.stop()
	l.renewer.Wait()
	free := l.current.DeepCopy()
	free.Spec.HolderIdentity, free.Spec.RenewTime, free.Spec.AcquireTime = nil, nil, nil
	_, err := l.cluster.writeLease(ctx, free)
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return fromAPI(ctx, name("Lease", free.Namespace, free.Name), "unlock", err)
}
