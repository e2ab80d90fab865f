package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
)

// told is what one who waits was told.
type told struct {
	holder string
	place  int
}

// wait lets holder wait for the lock; what it is told and the lock come on channels.
func wait(t *testing.T, ctx context.Context, c *cluster.Cluster, namespace, holder string) (<-chan told, <-chan *lock.Lease) {
	t.Helper()
	tells, got := make(chan told, 100), make(chan *lock.Lease, 1)
	go func() {
		lease, err := lock.Lock(ctx, c, namespace, "production", holder, func(holder string, place int) { tells <- told{holder, place} })
		if ctx.Err() == nil {
			require.NoError(t, err)
		}
		got <- lease
	}()
	return tells, got
}

func TestThreeWhoWaitGetTheLockInTheirOrder(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	held, err := lock.Lock(t.Context(), c, namespace, "production", "run zero", nil)
	require.NoError(t, err)
	var tells []<-chan told
	var locks []<-chan *lock.Lease
	for i := range 3 {
		tell, lock := wait(t, within(t, time.Minute), c, namespace, fmt.Sprint("run ", i+1))
		tells, locks = append(tells, tell), append(locks, lock)
		require.Equal(t, told{"run zero", i + 1}, <-tell)
	}
	queue, err := lock.Queue(t.Context(), c, namespace, "production")
	require.NoError(t, err)
	require.Len(t, queue, 3)
	for i, waiter := range queue {
		require.Equal(t, fmt.Sprint("run ", i+1), waiter.Name)
		require.WithinDuration(t, time.Now(), waiter.Renewed, time.Minute)
	}
	for i := range 3 {
		start := time.Now()
		require.NoError(t, held.Unlock(t.Context()))
		held = <-locks[i]
		t.Logf("handed over in %s", time.Since(start))
		require.Less(t, time.Since(start), time.Second)
		for j := i + 1; j < 3; j++ {
			last := told{}
			for last != (told{fmt.Sprint("run ", i+1), j - i}) {
				last = <-tells[j]
			}
		}
	}
	require.NoError(t, held.Unlock(t.Context()))
	queue, err = lock.Queue(t.Context(), c, namespace, "production")
	require.NoError(t, err)
	require.Empty(t, queue, "a ticket is left")
}

func TestNobodyOvertakesALiveTicketThoughTheLockIsFree(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	slow := newTicket(t, c, namespace, "slow run")
	renewing, stop := context.WithCancel(t.Context())
	go func() {
		for range 60 {
			now := metav1.NowMicro()
			slow.Spec.RenewTime = &now
			if renewed, err := c.Typed.CoordinationV1().Leases(namespace).Update(renewing, slow, metav1.UpdateOptions{}); err == nil {
				slow.ResourceVersion = renewed.ResourceVersion
			}
			select {
			case <-time.After(time.Second):
			case <-renewing.Done():
				return
			}
		}
	}()
	tells, lock := wait(t, within(t, time.Minute), c, namespace, "fast run")
	require.Equal(t, told{"slow run", 2}, <-tells)
	select {
	case <-lock:
		require.Fail(t, "overtaken")
	case <-time.After(cluster.LeaseDuration + 2*time.Second): // it lives longer than a lease lasts, since it is renewed
	}
	stop()
	require.NoError(t, c.Typed.CoordinationV1().Leases(namespace).Delete(t.Context(), slow.Name, metav1.DeleteOptions{}))
	require.NoError(t, (<-lock).Unlock(t.Context()))
}

func TestADeadTicketIsLeftOutAndRemoved(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	newTicket(t, c, namespace, "killed run")
	start := time.Now()
	tells, lock := wait(t, within(t, time.Minute), c, namespace, "next run")
	require.Equal(t, told{"killed run", 2}, <-tells)
	got := <-lock
	require.Greater(t, time.Since(start), cluster.LeaseDuration-time.Second)
	require.Less(t, time.Since(start), cluster.LeaseDuration+2*time.Second)
	require.NoError(t, got.Unlock(t.Context()))
	list, err := c.Typed.CoordinationV1().Leases(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, list.Items, 1, "a ticket is left")
}

func TestAWaitThatIsGivenUpLeavesTheQueue(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	held, err := lock.Lock(t.Context(), c, namespace, "production", "run one", nil)
	require.NoError(t, err)
	impatient, cancel := context.WithCancel(t.Context())
	first, gone := wait(t, impatient, c, namespace, "run two")
	require.Equal(t, told{"run one", 1}, <-first)
	second, lock := wait(t, within(t, time.Minute), c, namespace, "run three")
	require.Equal(t, told{"run one", 2}, <-second)
	cancel()
	require.Nil(t, <-gone)
	require.Equal(t, told{"run one", 1}, <-second)
	require.NoError(t, held.Unlock(t.Context()))
	require.NoError(t, (<-lock).Unlock(t.Context()))
}

func TestALockThatIsFreeTakesFewRequests(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	for _, requests := range []int64{3, 2} { // the first time there is no lease, and its number is looked for
		before := c.Requests()
		held, err := lock.Lock(t.Context(), c, namespace, "production", "run one", nil)
		require.NoError(t, err)
		require.EqualValues(t, requests, c.Requests()-before)
		require.NoError(t, held.Unlock(t.Context()))
	}
}

func TestTakeIfStaleTakesWhatNobodyHoldsOrADeadOne(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	held, err := lock.TakeIfStale(t.Context(), c, namespace, "production", "recover")
	require.NoError(t, err)
	require.NotNil(t, held, "nobody has it")

	start := time.Now()
	none, err := lock.TakeIfStale(t.Context(), c, namespace, "production", "another")
	require.NoError(t, err)
	require.Nil(t, none, "its holder lives")
	require.Less(t, time.Since(start), c.Renewal()+time.Second, "known at its first sign of life")

	number := held.Number()
	require.NoError(t, held.Unlock(t.Context()))
	dead, err := c.Typed.CoordinationV1().Leases(namespace).Get(t.Context(), "production", metav1.GetOptions{})
	require.NoError(t, err)
	dead.Spec.HolderIdentity, dead.Spec.RenewTime = ptr.To("killed run"), ptr.To(metav1.NowMicro())
	_, err = c.Typed.CoordinationV1().Leases(namespace).Update(t.Context(), dead, metav1.UpdateOptions{})
	require.NoError(t, err)
	start = time.Now()
	taken, err := lock.TakeIfStale(t.Context(), c, namespace, "production", "another")
	require.NoError(t, err)
	require.NotNil(t, taken)
	require.InDelta(t, cluster.LeaseDuration.Seconds(), time.Since(start).Seconds(), 1)
	require.Greater(t, taken.Number(), number)
	require.NoError(t, taken.Unlock(t.Context()))
}

// newTicket is that of a process that waits, or waited.
func newTicket(t *testing.T, c *cluster.Cluster, namespace, holder string) *coordinationv1.Lease {
	t.Helper()
	now := metav1.NowMicro()
	made, err := c.Typed.CoordinationV1().Leases(namespace).Create(t.Context(), &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "production-", Labels: map[string]string{"slipway.dev/queue": "production"}},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, AcquireTime: &now, RenewTime: &now, LeaseDurationSeconds: ptr.To[int32](15)},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	return made
}
