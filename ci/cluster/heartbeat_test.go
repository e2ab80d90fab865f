package cluster

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARunIsStaleOnlyWhenItsProcessGivesNoSignOfLife(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	none, err := c.StaleRuns(within(t, time.Minute), namespace)
	require.NoError(t, err)
	require.Empty(t, none)

	for _, run := range []string{"alive", "killed", "never"} {
		_, err := c.BeginRun(t.Context(), namespace, run, nil)
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := c.KeepAlive(ctx, namespace, "alive")
	defer stop()
	cancel() // a cancelled run lives on until it has cleaned up
	c.KeepAlive(t.Context(), namespace, "killed")()

	stale, err := c.StaleRuns(within(t, time.Minute), namespace)
	require.NoError(t, err)
	require.Equal(t, []string{"killed", "never"}, stale)
	runs, err := c.Runs(t.Context(), namespace)
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
	_, err := c.BeginRun(t.Context(), namespace, "alive", nil)
	require.NoError(t, err)
	stop := c.KeepAlive(t.Context(), namespace, "alive")
	defer stop()
	stale, err := c.StaleRuns(within(t, c.renewal()+3*time.Second), namespace)
	require.NoError(t, err)
	require.Empty(t, stale)
}

func TestSignsOfLifeEndWithTheRecord(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	_, err := c.BeginRun(t.Context(), namespace, "one", nil)
	require.NoError(t, err)
	stop := c.KeepAlive(t.Context(), namespace, "one")
	_, err = c.DeleteRun(within(t, time.Minute), namespace, "one")
	require.NoError(t, err)
	stop()
	c.KeepAlive(t.Context(), namespace, "one")() // gives a sign at once
	runs, err := c.Runs(t.Context(), namespace)
	require.NoError(t, err)
	require.Empty(t, runs)
}

func TestBegunAgainARunThatGaveSignsKeepsItsRecord(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	first, err := c.BeginRun(t.Context(), namespace, "one", map[string]string{"version": "v1"})
	require.NoError(t, err)
	c.KeepAlive(t.Context(), namespace, "one")()
	second, err := c.BeginRun(t.Context(), namespace, "one", map[string]string{"version": "v1"})
	require.NoError(t, err)
	require.Equal(t, first.UID, second.UID)
}

func TestHolderIsNobodyUntilSomebodyLocks(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	holder, err := c.Holder(t.Context(), namespace, "production")
	require.NoError(t, err)
	require.Equal(t, Holder{}, holder)
	lease, err := c.Lock(within(t, time.Minute), namespace, "production", "one", nil)
	require.NoError(t, err)
	holder, err = c.Holder(t.Context(), namespace, "production")
	require.NoError(t, err)
	require.Equal(t, "one", holder.Name)
	require.False(t, holder.Renewed.IsZero())
	require.NoError(t, lease.Unlock(t.Context()))
	holder, err = c.Holder(t.Context(), namespace, "production")
	require.NoError(t, err)
	require.Empty(t, holder.Name)
}
