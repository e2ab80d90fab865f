package integration

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
)

func TestARunIsStaleOnlyWhenItsProcessGivesNoSignOfLife(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	none, err := runs.Stale(within(t, time.Minute), c, namespace)
	require.NoError(t, err)
	require.Empty(t, none)

	for _, run := range []string{"alive", "killed", "never"} {
		_, err := runs.Begin(t.Context(), c, namespace, run, nil)
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := runs.KeepAlive(ctx, c, namespace, "alive")
	defer stop()
	cancel() // a cancelled run lives on until it has cleaned up
	runs.KeepAlive(t.Context(), c, namespace, "killed")()

	stale, err := runs.Stale(within(t, time.Minute), c, namespace)
	require.NoError(t, err)
	require.Equal(t, []string{"killed", "never"}, stale)
	runs, err := runs.List(t.Context(), c, namespace)
	require.NoError(t, err)
	for _, run := range runs {
		if run.ID == "alive" {
			require.Greater(t, run.Seen.Sub(run.Started), 5*time.Second)
		}
	}
}

func TestLivingRunsAreKnownBeforeTheWholeTimeOfWatching(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	_, err := runs.Begin(t.Context(), c, namespace, "alive", nil)
	require.NoError(t, err)
	stop := runs.KeepAlive(t.Context(), c, namespace, "alive")
	defer stop()
	stale, err := runs.Stale(within(t, c.Renewal()+3*time.Second), c, namespace)
	require.NoError(t, err)
	require.Empty(t, stale)
}

func TestSignsOfLifeEndWithTheRecord(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	_, err := runs.Begin(t.Context(), c, namespace, "one", nil)
	require.NoError(t, err)
	stop := runs.KeepAlive(t.Context(), c, namespace, "one")
	_, err = runs.Delete(within(t, time.Minute), c, namespace, "one", nil)
	require.NoError(t, err)
	stop()
	runs.KeepAlive(t.Context(), c, namespace, "one")() // gives a sign at once
	runs, err := runs.List(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Empty(t, runs)
}

func TestBegunAgainARunThatGaveSignsKeepsItsRecord(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	first, err := runs.Begin(t.Context(), c, namespace, "one", map[string]string{"version": "v1"})
	require.NoError(t, err)
	runs.KeepAlive(t.Context(), c, namespace, "one")()
	second, err := runs.Begin(t.Context(), c, namespace, "one", map[string]string{"version": "v1"})
	require.NoError(t, err)
	require.Equal(t, first.UID, second.UID)
}

func TestHolderIsNobodyUntilSomebodyLocks(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	holder, err := lock.HolderOf(t.Context(), c, namespace, "production")
	require.NoError(t, err)
	require.Equal(t, lock.Holder{}, holder)
	lease, err := lock.Lock(within(t, time.Minute), c, namespace, "production", "one", nil)
	require.NoError(t, err)
	holder, err = lock.HolderOf(t.Context(), c, namespace, "production")
	require.NoError(t, err)
	require.Equal(t, "one", holder.Name)
	require.False(t, holder.Renewed.IsZero())
	require.NoError(t, lease.Unlock(t.Context()))
	holder, err = lock.HolderOf(t.Context(), c, namespace, "production")
	require.NoError(t, err)
	require.Empty(t, holder.Name)
}
