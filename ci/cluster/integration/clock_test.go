package integration

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/records"
)

// connectAt returns a connection from a machine whose clock is wrong.
func connectAt(t *testing.T, wrong time.Duration) *cluster.Cluster {
	t.Helper()
	return connectWith(t, cluster.Config{Clock: func() time.Time { return time.Now().Add(wrong) }})
}

func TestRunsWhoseClocksDifferByMinutesAgreeOnWhatIsOldAndWhoLives(t *testing.T) {
	t.Parallel()
	for name, clocks := range map[string][2]time.Duration{"the first is behind": {-time.Minute, time.Minute}, "the first is ahead": {time.Minute, -time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two := connectAt(t, clocks[0]), connectAt(t, clocks[1])
			require.WithinDuration(t, one.Now(), two.Now(), 3*time.Second)
			namespace := newNamespace(t, one)
			released := func(c *cluster.Cluster, wrong time.Duration, lease *lock.Lease, run string) {
				require.NoError(t, records.SaveRelease(lease.Fence(t.Context()), c, namespace, &records.Release{Run: run, Version: run, Number: lease.Number(), Time: time.Now().Add(wrong)}))
			}
			first, err := lock.Lock(t.Context(), one, namespace, "production", "one", nil)
			require.NoError(t, err)
			released(one, clocks[0], first, "one")
			_, err = lock.Lock(within(t, one.Renewal()+2*time.Second), two, namespace, "production", "two", nil)
			clustertest.RequireClass(t, err, cluster.Locked)
			holder, err := lock.HolderOf(t.Context(), two, namespace, "production")
			require.NoError(t, err)
			require.False(t, holder.Silent(two.Now()), "a run that lives is taken for dead")
			require.NoError(t, first.Unlock(t.Context()))

			second, err := lock.Lock(within(t, time.Minute), two, namespace, "production", "two", nil)
			require.NoError(t, err)
			released(two, clocks[1], second, "two")
			require.NoError(t, second.Unlock(context.WithoutCancel(t.Context())))
			for _, c := range []*cluster.Cluster{one, two} {
				releases, _, err := records.Releases(t.Context(), c, namespace)
				require.NoError(t, err)
				require.Equal(t, "two", releases[0].Run, "by its own clock it is the older")
			}
		})
	}
}
