package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/report"
)

func TestWhatBecameOfADeployFollowsFromWhatItDidToProduction(t *testing.T) {
	t.Parallel()
	for want, c := range map[history.Result]struct {
		verified, changed, undone bool
		code                      int
	}{
		history.Released:    {verified: true, changed: true},
		history.Undone:      {changed: true, undone: true, code: exit.Crash},
		history.Stuck:       {changed: true, code: exit.Undo},
		history.Failed:      {code: exit.Admission},
		history.Superseded:  {code: exit.Superseded},
		history.Interrupted: {code: exit.Terminated},
	} {
		r := newFake(t, "deploy").Run
		r.production.verified, r.report.Undo.Done = c.verified, c.undone
		if c.changed {
			r.back.record = &records.UndoRecord{}
		}
		require.Equal(t, want, r.became(&exit.Failure{Code: c.code}))
	}
}

func TestADeployTellsWhoDidItAndByWhichEvidence(t *testing.T) {
	t.Parallel()
	r := newFake(t, "deploy").Run
	r.opts.Person, r.production.former = "ada", &records.Release{Version: "v1"}
	require.Nil(t, r.deploy().Evidence)
	r.report.Evidence = &report.Evidence{Signer: "key 1", SBOM: "sha256:1", Tests: []report.Tested{{Passed: 2}, {Passed: 3}}}
	told := r.deploy()
	require.Equal(t, "ada", told.Who)
	require.Equal(t, "v1", told.Back)
	require.Equal(t, &history.Evidence{Signer: "key 1", Passed: 5, SBOM: "sha256:1"}, told.Evidence)
	r.opts.Actor = "a vendor's user"
	require.Equal(t, "a vendor's user", r.deploy().Who)
}
