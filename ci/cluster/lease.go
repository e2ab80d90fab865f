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
	leaseDuration = 15 * time.Second // unrenewed for so long, its holder is taken for dead
	leaseRenewal  = 5 * time.Second
	leaseMargin   = 3 * time.Second // before others may take it, the holder knows it is lost
)

// Lease is a lock held through a coordination.k8s.io/Lease object, renewed in the
// background until Unlock.
type Lease struct {
	cluster *Cluster
	holder  string
	number  int32
	current *coordinationv1.Lease // as last written by us
	stop    context.CancelFunc
	renewer sync.WaitGroup
	lost    chan struct{}
}

// Lock returns the named lease of the namespace once holder has it. While a live
// other has it, waiting is called with that holder and its release is watched for;
// one that was not renewed for 15 seconds is taken over. At the deadline of ctx the
// error is Locked and names the holder. The lease outlives ctx: an undo after a
// cancelled run still needs it.
func (c *Cluster) Lock(ctx context.Context, namespace, leaseName, holder string, waiting func(holder string)) (*Lease, error) {
	w := c.watcher()
	inner := w.open(ctx)
	defer w.close()
	object := name("Lease", namespace, leaseName)
	i, err := w.follow(inner, leases, namespace, metav1.ListOptions{FieldSelector: "metadata.name=" + leaseName})
	if err != nil {
		return nil, err
	}
	seen := &observed{}
	for {
		synced, err := i.ready()
		if err != nil {
			return nil, fromAPI(ctx, object, "watch", err)
		}
		next := time.Hour
		if synced {
			before := seen.holder()
			next = seen.look(i, namespace+"/"+leaseName, time.Now())
			if next > 0 && seen.holder() != before && waiting != nil {
				waiting(seen.holder())
			}
		}
		if next <= 0 {
			got, err := c.take(ctx, namespace, leaseName, holder, seen.lease)
			if got != nil || err != nil {
				return got, err
			}
			next = time.Second // another was faster; its write is about to be seen
		}
		expiry := time.NewTimer(next)
		select {
		case <-w.changed:
		case <-expiry.C:
		case <-ctx.Done():
			return nil, locked(ctx, object, seen.holder())
		}
		expiry.Stop()
	}
}

// observed is the lease as last seen, and since when it has not changed. Its own
// renewTime is by another machine's clock, so only our own clock counts.
type observed struct {
	lease *coordinationv1.Lease
	since time.Time
}

// look returns how long the lease is still held; 0 or less when it can be taken.
func (o *observed) look(i *informer, key string, now time.Time) time.Duration {
	object, _, _ := i.GetByKey(key)
	live, _ := object.(*coordinationv1.Lease)
	if live == nil {
		o.lease = nil
		return 0
	}
	if o.lease == nil || o.lease.ResourceVersion != live.ResourceVersion {
		o.lease, o.since = live, now
	}
	if o.holder() == "" {
		return 0
	}
	duration := time.Duration(ptr.Deref(live.Spec.LeaseDurationSeconds, int32(leaseDuration/time.Second))) * time.Second
	return duration - now.Sub(o.since)
}

func (o *observed) holder() string {
	if o.lease == nil {
		return ""
	}
	return ptr.Deref(o.lease.Spec.HolderIdentity, "")
}

// take writes us as the holder, provided that nobody wrote the lease meanwhile;
// if somebody did, it returns neither a lease nor an error.
func (c *Cluster) take(ctx context.Context, namespace, leaseName, holder string, from *coordinationv1.Lease) (*Lease, error) {
	wanted := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: leaseName, Labels: map[string]string{LabelManagedBy: FieldManager}}}
	if from != nil {
		wanted = from.DeepCopy()
	}
	now := metav1.NowMicro()
	wanted.Spec.HolderIdentity, wanted.Spec.AcquireTime, wanted.Spec.RenewTime = &holder, &now, &now
	wanted.Spec.LeaseDurationSeconds = ptr.To(int32(leaseDuration / time.Second))
	wanted.Spec.LeaseTransitions = ptr.To(ptr.Deref(wanted.Spec.LeaseTransitions, 0) + 1)
	written, err := c.writeLease(ctx, wanted)
	switch {
	case apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err) && from != nil:
		return nil, nil
	case err != nil:
		return nil, fromAPI(ctx, name("Lease", namespace, leaseName), "lock", err)
	}
	lease := &Lease{cluster: c, holder: holder, number: *wanted.Spec.LeaseTransitions, current: written, lost: make(chan struct{})}
	var renewing context.Context
	renewing, lease.stop = context.WithCancel(context.WithoutCancel(ctx))
	lease.renewer.Go(func() { lease.renew(renewing) })
	return lease, nil
}

// Holder is who holds a lease: its name, empty when nobody does, and when it got
// and last renewed the lease, by its own clock.
type Holder struct {
	Name     string    `json:"name"`
	Acquired time.Time `json:"acquired"`
	Renewed  time.Time `json:"renewed"`
}

// Holder reads who holds the named lease, without waiting. One that was not
// renewed for 15 seconds is most likely dead; only Lock finds out.
func (c *Cluster) Holder(ctx context.Context, namespace, leaseName string) (Holder, error) {
	lease, err := c.typed.CoordinationV1().Leases(namespace).Get(ctx, leaseName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Holder{}, nil
	}
	if err != nil {
		return Holder{}, fromAPI(ctx, name("Lease", namespace, leaseName), "read", err)
	}
	return Holder{
		Name:     ptr.Deref(lease.Spec.HolderIdentity, ""),
		Acquired: ptr.Deref(lease.Spec.AcquireTime, metav1.MicroTime{}).Time,
		Renewed:  ptr.Deref(lease.Spec.RenewTime, metav1.MicroTime{}).Time,
	}, nil
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
