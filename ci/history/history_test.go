package history

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// at is a time so long after the start.
func at(d time.Duration) time.Time { return start.Add(d) }

func TestTheNewestDeployComesFirst(t *testing.T) {
	t.Parallel()
	var all []Deploy
	for _, hours := range []time.Duration{2, 1, 3} {
		all = With(all, Deploy{Run: hours.String(), Ended: at(hours * time.Hour)})
	}
	require.Equal(t, []string{"3ns", "2ns", "1ns"}, []string{all[0].Run, all[1].Run, all[2].Run})
	require.Len(t, Since(all, at(2*time.Hour)), 2)
}

func TestWhoeverRecoversARunChangesOnlyWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	own := Deploy{Run: "7", Version: "v2", Who: "ada", Begun: at(time.Hour), Ended: at(2 * time.Hour), Result: Stuck, ExitCode: 60, Cause: "no engine"}
	all := With([]Deploy{{Run: "6", Ended: start}}, own)
	all = With(all, Deploy{Run: "7", Version: "v2", Begun: at(time.Hour), Ended: at(3 * time.Hour), Result: Undone, Cause: "its run was killed", RecoveredBy: "8"})
	require.Len(t, all, 2)
	own.Result, own.Ended, own.RecoveredBy = Undone, at(3*time.Hour), "8"
	require.Equal(t, own, all[0])
}

func TestARunThatIsTriedAgainUnderItsNameIsAnotherDeploy(t *testing.T) {
	t.Parallel()
	all := With([]Deploy{{Run: "7", Begun: at(1), Ended: at(2)}}, Deploy{Run: "7", Begun: at(3), Ended: at(4)})
	require.Len(t, all, 2)
}

func TestReleasesThatAnOlderVersionRecordedAreAddedOnce(t *testing.T) {
	t.Parallel()
	known := []Deploy{{Run: "2", Who: "ada", Ended: at(2), Result: Released}}
	all := Filled(known, []Deploy{{Run: "2", Ended: at(2), Result: Released}, {Run: "1", Ended: at(1), Result: Released}})
	require.Len(t, all, 2)
	require.Equal(t, "ada", all[0].Who)
}

func TestLeadTimeRunsFromTheCommitUntilTheReleaseIsVerified(t *testing.T) {
	t.Parallel()
	released := Deploy{Result: Released, Committed: start, Ended: at(90 * time.Minute)}
	require.Equal(t, 90*time.Minute, released.Lead())
	require.Equal(t, 5400.0, released.Kept().LeadSeconds)
	for name, change := range map[string]func(*Deploy){
		"a rollback brings nothing new":             func(d *Deploy) { d.Rollback = true },
		"what was undone did not arrive":            func(d *Deploy) { d.Result = Undone },
		"a source without commits has no time":      func(d *Deploy) { d.Committed = time.Unix(0, 0) },
		"an older version did not record it":        func(d *Deploy) { d.Committed = time.Time{} },
		"the clock of who committed may be ahead":   func(d *Deploy) { d.Committed = d.Ended.Add(time.Hour) },
		"and what failed before anything was there": func(d *Deploy) { d.Result = Failed },
	} {
		other := released
		change(&other)
		require.Zero(t, other.Lead(), name)
	}
}

func TestWhatIsKeptOfACauseIsOneLineOfBoundedLength(t *testing.T) {
	t.Parallel()
	kept := Deploy{Cause: "pod\n crashed:\x1b[31m " + strings.Repeat("ä", 500), Who: "ada\r\nlovelace"}.Kept()
	require.Equal(t, "ada lovelace", kept.Who)
	require.True(t, strings.HasPrefix(kept.Cause, "pod crashed: [31m ää"), kept.Cause)
	require.Len(t, []rune(kept.Cause), causeKept)
}

func TestVersionsAreNamedOnceEach(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"v2", "v1"}, Versions([]Deploy{{Version: "v2"}, {Version: "v1"}, {Version: "v2"}}))
}
