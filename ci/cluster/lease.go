package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	leaseRetry = time.Second // while the server is away, which cannot be watched
)

// Lease is a lock held through a coordination.k8s.io/Lease object, renewed in the
// background until Unlock.
type Lease struct {
	cluster         *Cluster
	holder          string
	number          int32
	namespace, name string

	writing sync.Mutex            // one write at a time; guards current
	current *coordinationv1.Lease // as last written by us

	mutex     sync.Mutex
	steady    time.Time     // since then every renewal went through; zero while they do not
	confirmed time.Duration // by sinceBoot: when the last renewal that went through was sent
	byHand    bool          // how it was lost: no other run has taken it
	lost      chan struct{}
	losing    sync.Once

	holding context.Context // ends with Unlock: the time that renewals go on
	stop    context.CancelFunc
	wake    chan struct{} // somebody else wrote the lease
	renewer sync.WaitGroup
}

// Lock returns the named lease of the namespace once holder has it: first come,
// first served. While a live other has it, or waits for it longer, waiting is
// called with that holder and our place among those who wait (1 is next), again
// whenever these change; releases are watched for. A holder, or one who waits,
// that was not renewed for 15 seconds is dead: it is taken over, or left out. At
// the deadline of ctx the error is Locked and names the holder. The lease outlives
// ctx: an undo after a cancelled run still needs it.
func (c *Cluster) Lock(ctx context.Context, namespace, leaseName, holder string, waiting func(holder string, place int)) (*Lease, error) {
	got, err := c.lockAtOnce(ctx, namespace, leaseName, holder)
	if got != nil || err != nil {
		return got, err
	}
	w := c.watcher()
	inner := w.open(ctx)
	defer w.close()
	all, err := w.follow(inner, leases, namespace, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	q := &queue{cluster: c, namespace: namespace, lock: leaseName, holder: holder, leases: all, waiting: waiting, others: map[string]*observed{}}
	defer q.leave(ctx)
	for {
		synced, err := all.ready()
		if err != nil {
			return nil, fromAPI(ctx, q.object(), "watch", err)
		}
		next := time.Hour
		if synced {
			if got, next, err = q.step(ctx); got != nil || err != nil {
				return got, err
			}
		}
		if !awaitChange(ctx, w, next) {
			return nil, locked(ctx, q.object(), q.held.holder())
		}
	}
}

// lockAtOnce takes a lease that nobody holds or waits for, else it returns nil.
func (c *Cluster) lockAtOnce(ctx context.Context, namespace, leaseName, holder string) (*Lease, error) {
	list, err := c.typed.CoordinationV1().Leases(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, unlessAway(fromAPI(ctx, name("Lease", namespace, leaseName), "read", err))
	}
	var found *coordinationv1.Lease
	for i, lease := range list.Items {
		switch {
		case lease.Name == leaseName && ptr.Deref(lease.Spec.HolderIdentity, "") == "":
			found = &list.Items[i]
		case lease.Name == leaseName, lease.Labels[labelQueue] == leaseName:
			return nil, nil
		}
	}
	return c.take(ctx, namespace, leaseName, holder, found)
}

// TakeIfStale returns the named lease when nobody holds it, or when its holder is
// dead: not renewed while we watched, as long as a lease lasts (15 seconds, only
// our own clock counts). It returns nil at the holder's first sign of life.
func (c *Cluster) TakeIfStale(ctx context.Context, namespace, leaseName, holder string) (*Lease, error) {
	w := c.watcher()
	inner := w.open(ctx)
	defer w.close()
	object := name("Lease", namespace, leaseName)
	i, err := w.follow(inner, leases, namespace, metav1.ListOptions{FieldSelector: "metadata.name=" + leaseName})
	if err != nil {
		return nil, err
	}
	var held observed
	for {
		synced, err := i.ready()
		if err != nil {
			return nil, fromAPI(ctx, object, "watch", err)
		}
		next := time.Hour
		if synced {
			former := held.lease
			held.see(leaseIn(i, namespace, leaseName), time.Now())
			if former != nil && held.lease != former && held.holder() != "" {
				return nil, nil
			}
			if next = held.left(time.Now()); next <= 0 {
				if got, err := c.take(ctx, namespace, leaseName, holder, held.lease); got != nil || err != nil {
					return got, err
				}
				next = leaseRetry
			}
		}
		if !awaitChange(ctx, w, next) {
			return nil, locked(ctx, object, held.holder())
		}
	}
}

// take writes us as the holder, provided that nobody wrote the lease meanwhile;
// if somebody did, or the server is away, it returns neither a lease nor an error.
func (c *Cluster) take(ctx context.Context, namespace, leaseName, holder string, from *coordinationv1.Lease) (*Lease, error) {
	wanted := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: leaseName, Labels: map[string]string{LabelManagedBy: FieldManager}}}
	if from != nil {
		wanted = from.DeepCopy()
	} else if newest, err := c.newestNumber(ctx, namespace); err != nil {
		return nil, unlessAway(fromAPI(ctx, name("Lease", namespace, leaseName), "look for the number of its last holder", err))
	} else {
		wanted.Spec.LeaseTransitions = &newest
	}
	now := metav1.NewMicroTime(c.Now())
	wanted.Spec.HolderIdentity, wanted.Spec.AcquireTime, wanted.Spec.RenewTime = &holder, &now, &now
	wanted.Spec.LeaseDurationSeconds = ptr.To(int32(c.lasts() / time.Second))
	wanted.Spec.LeaseTransitions = ptr.To(ptr.Deref(wanted.Spec.LeaseTransitions, 0) + 1)
	sent := sinceBoot()
	written, err := c.writeLease(ctx, wanted)
	switch {
	case apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) && from != nil:
		return nil, nil
	case err != nil:
		return nil, unlessAway(fromAPI(ctx, name("Lease", namespace, leaseName), "lock", err))
	}
	lease := c.hold(ctx, written, sent)
	lease.heed()
	return lease, nil
}

// hold renews a lease that was just written as ours; sent is when the write was.
func (c *Cluster) hold(ctx context.Context, written *coordinationv1.Lease, sent time.Duration) *Lease {
	lease := &Lease{cluster: c, holder: *written.Spec.HolderIdentity, number: ptr.Deref(written.Spec.LeaseTransitions, 0), current: written,
		namespace: written.Namespace, name: written.Name, steady: time.Now(), confirmed: sent, lost: make(chan struct{}), wake: make(chan struct{}, 1)}
	lease.holding, lease.stop = context.WithCancel(context.WithoutCancel(ctx))
	lease.renewer.Go(func() { lease.renew(lease.holding) })
	return lease
}

// unlessAway returns nil for the error of a server that does not answer: whoever
// waits for a lock goes on waiting.
func unlessAway(err error) error {
	if known := (*Error)(nil); errors.As(err, &known) && known.Class == Unreachable {
		return nil
	}
	return err
}

func (c *Cluster) writeLease(ctx context.Context, lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	client := c.typed.CoordinationV1().Leases(lease.Namespace)
	if lease.ResourceVersion == "" {
		return client.Create(ctx, lease, metav1.CreateOptions{FieldManager: FieldManager})
	}
	return client.Update(ctx, lease, metav1.UpdateOptions{FieldManager: FieldManager})
}

func locked(ctx context.Context, object, holder string) error {
	switch {
	case !errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("%s: lock: %w", object, context.Cause(ctx))
	case holder == "":
		return &Error{Class: Locked, Object: object, Cause: "not had in time", Err: context.DeadlineExceeded}
	}
	return &Error{Class: Locked, Object: object, Cause: "not had in time, " + holder + " holds it", Err: context.DeadlineExceeded,
		Try: "wait for that run, or give this one longer"}
}
