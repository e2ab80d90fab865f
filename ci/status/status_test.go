package status

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
)

func TestStatusTellsWhatFollowsFromWhatWasRead(t *testing.T) {
	t.Parallel()
	now := time.Now()
	read := func() Status {
		return Status{Time: now,
			Running: []rollout.Workload{{Name: "api", Wanted: 1, Images: []rollout.ImagePods{{Image: "a", Pods: 1, Ready: 1}}}},
			Runs:    []runs.Run{{ID: "dead", Seen: now.Add(-time.Minute)}, {ID: "lives", Seen: now.Add(-10 * time.Second)}},
			Lock:    &lock.Holder{Name: "43 (v3)", Renewed: now.Add(-time.Second)},
		}
	}
	records := []records.UndoRecord{{Run: "43", Version: "v3", Back: "v2", Time: now}, {Run: "4", Version: "v1", Time: now}}
	status := read()
	status.judge(records)
	require.True(t, status.Healthy)
	require.Equal(t, []string{"dead"}, status.Stale)
	require.Equal(t, []Undoable{{Run: "43", Version: "v3", Back: "v2", Time: now, UnderWay: true}, {Run: "4", Version: "v1", Time: now}}, status.Undos)

	silent := read()
	silent.Lock.Renewed = now.Add(-time.Minute)
	silent.judge(records)
	require.False(t, silent.Undos[0].UnderWay, "its run is dead, though the lock has its name")
	free := read()
	free.Lock, free.Running[0].Images[0].Ready = nil, 0
	free.judge(records)
	require.False(t, free.Undos[0].UnderWay)
	require.False(t, free.Healthy)
	nothing := Status{}
	nothing.judge(nil)
	require.False(t, nothing.Healthy, "nothing runs")
}

func TestStatusForProgramsKeepsItsFields(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Status{})
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	for _, name := range []string{"namespace", "buildNamespace", "releases", "running", "runs", "lock", "queue", "healthy", "stale", "undos", "broken", "madeBy"} {
		require.Contains(t, fields, name)
	}
}
