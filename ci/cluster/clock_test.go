package cluster

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// connectAt returns a connection from a machine whose clock is wrong.
func connectAt(t *testing.T, wrong time.Duration) *Cluster {
	t.Helper()
	return connectWith(t, Config{Clock: func() time.Time { return time.Now().Add(wrong) }})
}

func TestRunsWhoseClocksDifferByMinutesAgreeOnWhatIsOldAndWhoLives(t *testing.T) {
	t.Parallel()
	for name, clocks := range map[string][2]time.Duration{"the first is behind": {-time.Minute, time.Minute}, "the first is ahead": {time.Minute, -time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two := connectAt(t, clocks[0]), connectAt(t, clocks[1])
			require.WithinDuration(t, one.Now(), two.Now(), 3*time.Second)
			namespace := newNamespace(t, one)
			released := func(c *Cluster, wrong time.Duration, lease *Lease, run string) {
				require.NoError(t, c.SaveRelease(lease.Fence(t.Context()), namespace, &Release{Run: run, Version: run, Number: lease.Number(), Time: time.Now().Add(wrong)}))
			}
			first, err := one.Lock(t.Context(), namespace, "production", "one", nil)
			require.NoError(t, err)
			released(one, clocks[0], first, "one")
			_, err = two.Lock(within(t, one.renewal()+2*time.Second), namespace, "production", "two", nil)
			RequireClass(t, err, Locked)
			holder, err := two.Holder(t.Context(), namespace, "production")
			require.NoError(t, err)
			require.False(t, holder.Silent(two.Now()), "a run that lives is taken for dead")
			require.NoError(t, first.Unlock(t.Context()))

			second, err := two.Lock(within(t, time.Minute), namespace, "production", "two", nil)
			require.NoError(t, err)
			released(two, clocks[1], second, "two")
			require.NoError(t, second.Unlock(context.WithoutCancel(t.Context())))
			for _, c := range []*Cluster{one, two} {
				releases, _, err := c.Releases(t.Context(), namespace)
				require.NoError(t, err)
				require.Equal(t, "two", releases[0].Run, "by its own clock it is the older")
			}
		})
	}
}
