package rollout

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
)

func TestAJobHasEndedWhenItIsCompleteOrFailedForGood(t *testing.T) {
	t.Parallel()
	for conditions, ended := range map[string]bool{
		"[]":                                  false,
		`[{type: Complete, status: "True"}]`:  true,
		`[{type: Failed, status: "True"}]`:    true,
		`[{type: Failed, status: "False"}]`:   false,
		`[{type: Suspended, status: "True"}]`: false,
		`[{type: FailureTarget, status: "True"}, {type: SuccessCriteriaMet, status: "True"}]`: false, // its pods are being ended
		`[{type: FailureTarget, status: "True"}, {type: Failed, status: "True"}]`:             true,
	} {
		job := clustertest.Objects(t, "shop", "{apiVersion: batch/v1, kind: Job, metadata: {name: migrate}, status: {conditions: "+conditions+"}}")[0]
		require.True(t, IsJob(job))
		require.Equal(t, ended, HasEnded(job), conditions)
	}
	require.False(t, IsJob(clustertest.Objects(t, "shop", "{apiVersion: example.com/v1, kind: Job, metadata: {name: migrate}}")[0]))
}
