package lock

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Holder is who holds a lease: its name, empty when nobody does, and when it got
// and last renewed the lease, see Cluster.Now.
type Holder struct {
	Name     string    `json:"name"`
	Acquired time.Time `json:"acquired"`
	Renewed  time.Time `json:"renewed"`
}

// HolderOf reads who holds the named lease, without waiting. One that was not
// renewed for 15 seconds is most likely dead; only Lock finds out.
func HolderOf(ctx context.Context, c *cluster.Cluster, namespace, leaseName string) (Holder, error) {
	lease, err := c.Typed.CoordinationV1().Leases(namespace).Get(ctx, leaseName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Holder{}, nil
	}
	if err != nil {
		return Holder{}, cluster.FromAPI(ctx, managed.Name("Lease", namespace, leaseName), "read", err)
	}
	return Holder{
		Name:     ptr.Deref(lease.Spec.HolderIdentity, ""),
		Acquired: ptr.Deref(lease.Spec.AcquireTime, metav1.MicroTime{}).Time,
		Renewed:  ptr.Deref(lease.Spec.RenewTime, metav1.MicroTime{}).Time,
	}, nil
}

// Silent reports whether the holder gave no sign of life for so long that it is most
// likely dead; Lock and TakeIfStale make sure.
func (h Holder) Silent(now time.Time) bool { return cluster.Silent(now, h.Renewed) }
