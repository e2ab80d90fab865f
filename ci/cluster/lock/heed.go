package lock

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
)

// heed watches the lease and has it renewed at once when somebody else has written
// or deleted it, so that this does not wait for the next renewal. Where no watch can
// be had, that one tells.
func (l *Lease) heed() {
	l.renewer.Go(func() {
		for l.holding.Err() == nil && !l.isLost() {
			l.heedOnce(l.holding)
			select {
			case <-time.After(leaseRetry):
			case <-l.lost:
			case <-l.holding.Done():
			}
		}
	})
}

func (l *Lease) heedOnce(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leases, err := l.cluster.Typed.CoordinationV1().Leases(l.namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("metadata.name", l.name).String(), ResourceVersion: l.version()})
	if err != nil {
		return
	}
	defer leases.Stop()
	for {
		select {
		case event, open := <-leases.ResultChan():
			if !open {
				return
			}
			seen, is := event.Object.(*coordinationv1.Lease)
			if event.Type == watch.Deleted || is && !l.ours(seen) {
				select {
				case l.wake <- struct{}{}:
				default:
				}
			}
		case <-l.lost:
			return
		}
	}
}
