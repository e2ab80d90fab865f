package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/write"
)

func TestTheUndoSaysThatWhatAJobDidIsNotPutBack(t *testing.T) {
	t.Parallel()
	r := newFake(t, "deploy").Run
	change := func(kind string, action write.Action) write.Change {
		return write.Change{Namespace: "shop", Kind: kind, Name: "migrate", Action: action}
	}
	require.Empty(t, r.leftByJobs("undo", []write.Change{change("Job", write.Restored), change("ConfigMap", write.Deleted)}))
	const left = "what Job shop/migrate did, to a database for example, is not put back"
	require.Equal(t, "; "+left, r.leftByJobs("undo", []write.Change{change("Job", write.Deleted)}))
	require.Equal(t, []string{left}, r.report.Undo.Left)
}
