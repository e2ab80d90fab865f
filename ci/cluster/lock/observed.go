package lock

import (
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
)

// observed is a lease as last seen, and since when it has not changed. Its own
// renewTime is by another machine's clock, so only our own clock counts.
type observed struct {
	lease *coordinationv1.Lease // nil when there is none
	since time.Time
	gone  bool // dead and removed
}

func (o *observed) see(live *coordinationv1.Lease, now time.Time) {
	if live == nil || o.lease == nil || o.lease.ResourceVersion != live.ResourceVersion {
		o.lease, o.since, o.gone = live, now, false
	}
}

// left is how long the lease is still held; 0 or less when it is not.
func (o *observed) left(now time.Time) time.Duration {
	if o.holder() == "" {
		return 0
	}
	duration := time.Duration(ptr.Deref(o.lease.Spec.LeaseDurationSeconds, int32(cluster.LeaseDuration/time.Second))) * time.Second
	return duration - now.Sub(o.since)
}

func (o *observed) holder() string {
	if o.lease == nil {
		return ""
	}
	return ptr.Deref(o.lease.Spec.HolderIdentity, "")
}

func leaseIn(all *informer.Informer, namespace, leaseName string) *coordinationv1.Lease {
	object, _, _ := all.GetByKey(namespace + "/" + leaseName)
	lease, _ := object.(*coordinationv1.Lease)
	return lease
}
