package integration

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
)

func TestLockPassesToTheNextAtOnceWhenReleased(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	first, err := lock.Lock(ctx, c, namespace, "production", "run one", nil)
	require.NoError(t, err)
	cancel() // a cancelled run still holds it for its undo

	waits := make(chan string, 1)
	second := make(chan *lock.Lease, 1)
	go func() {
		lease, err := lock.Lock(within(t, time.Minute), c, namespace, "production", "run two", func(holder string, place int) {
			require.Equal(t, 1, place)
			waits <- holder
		})
		require.NoError(t, err)
		second <- lease
	}()
	require.Equal(t, "run one", <-waits)
	start := time.Now()
	require.NoError(t, first.Unlock(t.Context()))
	next := <-second
	require.Less(t, time.Since(start), time.Second)
	require.Greater(t, next.Number(), first.Number())
	select {
	case <-next.Lost():
		require.Fail(t, "lost at once")
	default:
	}
	require.NoError(t, next.Unlock(t.Context()))
}

func TestLockNamesTheHolderAtTheDeadline(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	first, err := lock.Lock(t.Context(), c, namespace, "production", "run one", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, first.Unlock(context.WithoutCancel(t.Context()))) }()
	_, err = lock.Lock(within(t, time.Second), c, namespace, "production", "run two", nil)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Locked), "run one holds it")
}

func TestLockIsTakenOverWhenItsHolderIsDead(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	dead := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "production"}, Spec: coordinationv1.LeaseSpec{
		HolderIdentity: ptr.To("killed run"), LeaseDurationSeconds: ptr.To[int32](2), LeaseTransitions: ptr.To[int32](7)}}
	_, err := c.Typed.CoordinationV1().Leases(namespace).Create(t.Context(), dead, metav1.CreateOptions{})
	require.NoError(t, err)
	lease, err := lock.Lock(within(t, 10*time.Second), c, namespace, "production", "run two", nil)
	require.NoError(t, err)
	require.EqualValues(t, 8, lease.Number())
	require.NoError(t, lease.Unlock(t.Context()))
}

func TestLeaseIsLostWhenAnotherTakesIt(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	lease, err := lock.Lock(t.Context(), c, namespace, "production", "run one", nil)
	require.NoError(t, err)
	steal := []byte(`{"spec":{"holderIdentity":"thief"}}`)
	_, err = c.Typed.CoordinationV1().Leases(namespace).Patch(t.Context(), "production", "application/merge-patch+json", steal, metav1.PatchOptions{})
	require.NoError(t, err)
	select {
	case <-lease.Lost():
	case <-time.After(c.Renewal() + 2*time.Second):
		require.Fail(t, "not noticed")
	}
	require.NoError(t, lease.Unlock(t.Context()))
	live, err := c.Typed.CoordinationV1().Leases(namespace).Get(t.Context(), "production", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, "thief", *live.Spec.HolderIdentity)
}
