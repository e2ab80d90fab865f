// Package lock lets one run at a time have production: a Lease that its holder renews,
// and a queue of the runs that wait for it. It does not know what the holder does.
package lock

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

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

const (
	leaseRetry = time.Second // while the server is away, which cannot be watched
)

// Lease is a lock held through a coordination.k8s.io/Lease object, renewed in the
// background until Unlock.
type Lease struct {
	cluster         *cluster.Cluster
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
func Lock(ctx context.Context, c *cluster.Cluster, namespace, leaseName, holder string, waiting func(holder string, place int)) (*Lease, error) {
	got, err := lockAtOnce(ctx, c, namespace, leaseName, holder)
	if got != nil || err != nil {
		return got, err
	}
	w := informer.NewWatcher(c)
	inner := w.Open(ctx)
	defer w.Close()
	all, err := w.Follow(inner, cluster.Leases, namespace, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	q := &queue{cluster: c, namespace: namespace, lock: leaseName, holder: holder, leases: all, waiting: waiting, others: map[string]*observed{}}
	defer q.leave(ctx)
	for {
		synced, err := all.Ready()
		if err != nil {
			return nil, cluster.FromAPI(ctx, q.object(), "watch", err)
		}
		next := time.Hour
		if synced {
			if got, next, err = q.step(ctx); got != nil || err != nil {
				return got, err
			}
		}
		if !informer.AwaitChange(ctx, w, next) {
			return nil, locked(ctx, q.object(), q.held.holder())
		}
	}
}

// lockAtOnce takes a lease that nobody holds or waits for, else it returns nil.
func lockAtOnce(ctx context.Context, c *cluster.Cluster, namespace, leaseName, holder string) (*Lease, error) {
	list, err := c.Typed.CoordinationV1().Leases(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, unlessAway(cluster.FromAPI(ctx, managed.Name("Lease", namespace, leaseName), "read", err))
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
	return take(ctx, c, namespace, leaseName, holder, found)
}

// TakeIfStale returns the named lease when nobody holds it, or when its holder is
// dead: not renewed while we watched, as long as a lease lasts (15 seconds, only
// our own clock counts). It returns nil at the holder's first sign of life.
func TakeIfStale(ctx context.Context, c *cluster.Cluster, namespace, leaseName, holder string) (*Lease, error) {
	w := informer.NewWatcher(c)
	inner := w.Open(ctx)
	defer w.Close()
	object := managed.Name("Lease", namespace, leaseName)
	i, err := w.Follow(inner, cluster.Leases, namespace, metav1.ListOptions{FieldSelector: "metadata.name=" + leaseName})
	if err != nil {
		return nil, err
	}
	var held observed
	for {
		synced, err := i.Ready()
		if err != nil {
			return nil, cluster.FromAPI(ctx, object, "watch", err)
		}
		next := time.Hour
		if synced {
			former := held.lease
			held.see(leaseIn(i, namespace, leaseName), time.Now())
			if former != nil && held.lease != former && held.holder() != "" {
				return nil, nil
			}
			if next = held.left(time.Now()); next <= 0 {
				if got, err := take(ctx, c, namespace, leaseName, holder, held.lease); got != nil || err != nil {
					return got, err
				}
				next = leaseRetry
			}
		}
		if !informer.AwaitChange(ctx, w, next) {
			return nil, locked(ctx, object, held.holder())
		}
	}
}

// take writes us as the holder, provided that nobody wrote the lease meanwhile;
// if somebody did, or the server is away, it returns neither a lease nor an error.
func take(ctx context.Context, c *cluster.Cluster, namespace, leaseName, holder string, from *coordinationv1.Lease) (*Lease, error) {
	wanted := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: leaseName, Labels: map[string]string{managed.LabelManagedBy: managed.FieldManager}}}
	if from != nil {
		wanted = from.DeepCopy()
	} else if newest, err := newestNumber(ctx, c, namespace); err != nil {
		return nil, unlessAway(cluster.FromAPI(ctx, managed.Name("Lease", namespace, leaseName), "look for the number of its last holder", err))
	} else {
		wanted.Spec.LeaseTransitions = &newest
	}
	now := metav1.NewMicroTime(c.Now())
	wanted.Spec.HolderIdentity, wanted.Spec.AcquireTime, wanted.Spec.RenewTime = &holder, &now, &now
	wanted.Spec.LeaseDurationSeconds = ptr.To(int32(c.Lasts() / time.Second))
	wanted.Spec.LeaseTransitions = ptr.To(ptr.Deref(wanted.Spec.LeaseTransitions, 0) + 1)
	sent := sinceBoot()
	written, err := writeLease(ctx, c, wanted)
	switch {
	case apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) && from != nil:
		return nil, nil
	case err != nil:
		return nil, unlessAway(cluster.FromAPI(ctx, managed.Name("Lease", namespace, leaseName), "lock", err))
	}
	lease := hold(ctx, c, written, sent)
	lease.heed()
	return lease, nil
}

// hold renews a lease that was just written as ours; sent is when the write was.
func hold(ctx context.Context, c *cluster.Cluster, written *coordinationv1.Lease, sent time.Duration) *Lease {
	lease := &Lease{cluster: c, holder: *written.Spec.HolderIdentity, number: ptr.Deref(written.Spec.LeaseTransitions, 0), current: written,
		namespace: written.Namespace, name: written.Name, steady: time.Now(), confirmed: sent, lost: make(chan struct{}), wake: make(chan struct{}, 1)}
	lease.holding, lease.stop = context.WithCancel(context.WithoutCancel(ctx))
	lease.renewer.Go(func() { lease.renew(lease.holding) })
	return lease
}

// unlessAway returns nil for the error of a server that does not answer: whoever
// waits for a lock goes on waiting.
func unlessAway(err error) error {
	if known := (*cluster.Error)(nil); errors.As(err, &known) && known.Class == cluster.Unreachable {
		return nil
	}
	return err
}

func writeLease(ctx context.Context, c *cluster.Cluster, lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	client := c.Typed.CoordinationV1().Leases(lease.Namespace)
	if lease.ResourceVersion == "" {
		return client.Create(ctx, lease, metav1.CreateOptions{FieldManager: managed.FieldManager})
	}
	return client.Update(ctx, lease, metav1.UpdateOptions{FieldManager: managed.FieldManager})
}

func locked(ctx context.Context, object, holder string) error {
	switch {
	case !errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return fmt.Errorf("%s: lock: %w", object, context.Cause(ctx))
	case holder == "":
		return &cluster.Error{Class: cluster.Locked, Object: object, Cause: "not acquired before the deadline", Err: context.DeadlineExceeded}
	}
	return &cluster.Error{Class: cluster.Locked, Object: object, Cause: "not acquired before the deadline: " + holder + " holds it", Err: context.DeadlineExceeded,
		Try: "wait for that run, or give this one longer"}
}
