package history

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// day is one of January 2026, at noon.
func day(n int) time.Time { return time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC) }

// newest puts deploys that are written in the order in which they happened as they are kept.
func newest(deploys ...Deploy) (out []Deploy) {
	for _, d := range deploys {
		out = With(out, d)
	}
	return out
}

func TestTheFourKeysOfAMonth(t *testing.T) {
	t.Parallel()
	all := newest(
		Deploy{Run: "1", Version: "v1", Committed: day(1).Add(-4 * time.Hour), Ended: day(1), Result: Released},
		Deploy{Run: "2", Version: "v2", Begun: day(2).Add(-10 * time.Minute), Ended: day(2), Result: Undone, ExitCode: 32},
		Deploy{Run: "3", Version: "v2", Begun: day(3), Ended: day(3), Result: Failed, ExitCode: 30},
		Deploy{Run: "4", Version: "v2", Committed: day(4).Add(-2 * time.Hour), Ended: day(4), Result: Released},
		Deploy{Run: "5", Version: "v1", Back: "v2", Ended: day(4).Add(30 * time.Minute), Result: Released, Rollback: true},
		Deploy{Run: "6", Version: "v3", Committed: day(6).Add(-3 * time.Hour), Ended: day(6), Result: Released},
	)
	months := Months(all, nil, time.Date(2026, 2, 11, 0, 0, 0, 0, time.UTC), 12)
	require.Equal(t, []Month{
		{Month: "2026-01", Days: 31, Deployments: 4, PerDay: 4.0 / 31, Changes: 3, LeadSeconds: new(3 * 3600.0), Failures: 2, FailureRate: new(0.5), Recovered: 2, RecoverySeconds: new(20 * 60.0)},
		{Month: "2026-02", Days: 10},
	}, months)
	require.Equal(t, months[1:], Months(all, nil, time.Date(2026, 2, 11, 0, 0, 0, 0, time.UTC), 1))
	require.Empty(t, Months(nil, nil, day(1), 12))
}

func TestADeploymentFailedByWhatCameAfterIt(t *testing.T) {
	t.Parallel()
	released := Deploy{Run: "1", Version: "v2", Ended: day(1), Result: Released}
	for name, c := range map[string]struct {
		one       Deploy
		after     []Deploy
		failed    bool
		recovered time.Duration // -1: never
	}{
		"it stayed":                        {released, nil, false, -1},
		"a newer one came":                 {released, []Deploy{{Version: "v3", Ended: day(2), Result: Released}}, false, -1},
		"it was rolled back":               {released, []Deploy{{Version: "v3", Result: Undone}, {Version: "v1", Ended: day(2), Result: Released, Rollback: true}}, true, 24 * time.Hour},
		"a rollback of it failed":          {released, []Deploy{{Version: "v1", Result: Undone, Rollback: true}}, false, -1},
		"a newer one was rolled back":      {released, []Deploy{{Version: "v3", Ended: day(2), Result: Released}, {Version: "v2", Ended: day(3), Result: Released, Rollback: true}}, false, -1},
		"its run was killed":               {Deploy{Begun: day(1), Ended: day(2), Result: Undone, RecoveredBy: "2"}, nil, true, 24 * time.Hour},
		"it was put back on purpose":       {Deploy{Begun: day(1), Ended: day(2), Result: Undone}, nil, false, -1},
		"it is stuck":                      {Deploy{Begun: day(1), Ended: day(2), Result: Stuck, ExitCode: 60}, []Deploy{{Result: Failed}}, true, -1},
		"it was stuck until a newer one":   {Deploy{Begun: day(1), Ended: day(2), Result: Stuck, ExitCode: 60}, []Deploy{{Ended: day(3), Result: Released}}, true, 48 * time.Hour},
		"the same was released once again": {released, []Deploy{{Version: "v2", Ended: day(2), Result: Released, Rollback: true}}, false, -1},
	} {
		failed, recovered := c.one.fate(c.after)
		require.Equal(t, c.failed, failed, name)
		if c.recovered < 0 {
			require.Nil(t, recovered, name)
			continue
		}
		require.Equal(t, c.recovered, *recovered, name)
	}
}

func TestEachCommitCountsOnceForTheReleaseThatBroughtIt(t *testing.T) {
	t.Parallel()
	graph := Graph{
		"a": {day(1), nil}, "b": {day(2), []string{"a"}},
		"side": {day(2), []string{"a"}}, "c": {day(3), []string{"b", "side"}},
		"d": {day(4), []string{"c"}}, "e": {day(5), []string{"d"}},
	}
	all := newest(
		Deploy{Run: "1", Version: "1", Commit: "b", Committed: day(2), Ended: day(10), Result: Released},
		Deploy{Run: "2", Version: "2", Commit: "d", Committed: day(4), Begun: day(11), Ended: day(11), Result: Undone, ExitCode: 32},
		Deploy{Run: "3", Version: "3", Commit: "d", Committed: day(4), Ended: day(12), Result: Released},
		Deploy{Run: "4", Version: "1", Commit: "b", Ended: day(13), Result: Released, Rollback: true},
		Deploy{Run: "5", Version: "5", Commit: "e", Committed: day(5), Ended: day(14), Result: Released},
		Deploy{Run: "6", Version: "6", Commit: "not in this clone", Committed: day(14), Ended: day(15), Result: Released},
	)
	months := Months(all, graph, day(31), 12)
	require.Equal(t, 6, months[0].Changes, "its own of the first, c, side and d by the third, e by the fifth, and one that git does not know")
	require.Equal(t, 8.5*24*3600, *months[0].LeadSeconds) // of 1, 8, 8, 9, 9 and 10 days
}
