package view

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/goldentest"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/status"
)

// deploys are of two months, with all that can become of one.
func deploys() status.Deploys {
	proven := &history.Evidence{Signer: "key 9d8a863b", Passed: 7, SBOM: oneDigest, Provenance: twoDigest}
	all := []history.Deploy{
		{Run: "48", Version: "v5", Back: "v3", Commit: "5123456789abcdef", Digest: twoDigest, Who: "ada", Begun: ago(3 * time.Minute), Ended: ago(2 * time.Minute), Result: history.Superseded, ExitCode: 50, Stage: "deploy", Cause: "superseded by v3 (3123456789ab), which production runs already"},
		{Run: "47", Version: "v3", Back: "v4", Commit: "3123456789abcdef", Digest: oneDigest, Who: "ada", Committed: ago(40 * time.Hour), Begun: ago(5 * time.Hour), Ended: ago(5*time.Hour - time.Minute), Result: history.Released, Rollback: true, Evidence: proven},
		{Run: "46", Version: "v4", Back: "v3", Commit: "4123456789abcdef", Digest: twoDigest, Who: "grace", Committed: ago(8 * time.Hour), Begun: ago(7 * time.Hour), Ended: ago(7*time.Hour - time.Minute), Result: history.Released, Evidence: &history.Evidence{Passed: 1}},
		{Run: "45", Version: "v4", Back: "v3", Commit: "4123456789abcdef", Who: "grace", Begun: ago(9 * time.Hour), Ended: ago(8 * time.Hour), Result: history.Undone, Cause: "its run was killed", RecoveredBy: "46"},
		{Run: "44", Version: "v4", Back: "v3", Commit: "4123456789abcdef", Who: "grace", Begun: ago(11 * time.Hour), Ended: ago(11*time.Hour - 90*time.Second), Result: history.Undone, ExitCode: 32, Stage: "deploy", Cause: "Deployment shop/api: crashes: exit code 7"},
		{Run: "43", Version: "v4", Back: "v3", Commit: "4123456789abcdef", Who: "grace", Begun: ago(12 * time.Hour), Ended: ago(12 * time.Hour), Result: history.Failed, ExitCode: 30, Stage: "deploy", Cause: "Deployment shop/api: quota: pods"},
		{Run: "42", Version: "v3", Back: "v2", Commit: "3123456789abcdef", Digest: oneDigest, Who: "ada", Committed: ago(40 * time.Hour), Begun: ago(38 * time.Hour), Ended: ago(37 * time.Hour), Result: history.Released, Evidence: proven},
		{Run: "41", Version: "v2", Commit: "unknown", Digest: twoDigest, Begun: ago(900 * time.Hour), Ended: ago(899 * time.Hour), Result: history.Stuck, ExitCode: 60, Stage: "production", Cause: "no address answered in time"},
		{Run: "40", Version: "v1", Commit: "1123456789abcdef", Digest: oneDigest, Ended: ago(1000 * time.Hour), Result: history.Released},
	}
	for i := range all {
		all[i] = all[i].Kept()
	}
	return status.Deploys{Time: now, Namespace: "shop", Deploys: all, Months: history.Months(all, nil, now, 12), Broken: []records.Broken{}}
}

func TestHistoryIsATableAndWhyDeploysDidNotStay(t *testing.T) {
	t.Parallel()
	goldentest.Require(t, "history.txt", historyText(deploys(), report.Screen{}))
	goldentest.Require(t, "history-color.txt", historyText(deploys(), report.Screen{Color: true}))
}

func TestHistoryForProgramsHasAllThatIsKept(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printJSON(&out, deploys()))
	goldentest.Require(t, "history.json", out.String())
}

func TestHistoryWithoutADeploySinceThenIsOneLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Nothing was deployed to shop since then.\n", historyText(status.Deploys{Namespace: "shop"}, report.Screen{}))
}

func TestAHistoryThatCannotBeReadIsNamedWithTheWayOn(t *testing.T) {
	t.Parallel()
	d := status.Deploys{Namespace: "shop", Broken: []records.Broken{{Record: "history", Secret: "shop/slipway-history", Cause: "unexpected EOF", Remove: "kubectl -n shop delete secret slipway-history"}}}
	require.Contains(t, historyText(d, report.Screen{}), "Records that cannot be read:\n"+
		"  Secret shop/slipway-history: is no record of deploys: unexpected EOF\n"+
		"  (use \"kubectl -n shop delete secret slipway-history\" to remove the record)\n")
}
