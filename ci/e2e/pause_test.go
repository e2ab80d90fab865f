package e2e

import (
	"maps"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// pauses are moments at which a run is stopped for so long that another takes
// production.
var pauses = []point{
	{at: "rollback: record the way back"},
	{at: "rollback: apply"},
	{at: "rollback: Deployment "},
	{at: "rollback: Deployment ", nth: 4}, // waits
	{at: "rollback: prune"},
	{at: "production: tests at "},
	{at: "undo: put back ", fate: refused},
	{at: "undo: Deployment ", fate: refused},
	{at: "production: record the release"},
	{at: "cleanup: started"},
}

// underWay is in the name of a record whose creation may be under way when its run is
// stopped: the server has nothing to compare it with. It counts for less than what the
// run wrote that has production.
const underWay = "/slipway-release-"

// Split in two that run side by side: each waits for the stopped run's lock to expire.

func TestARunThatIsStoppedWritesNothingOnceAnotherHasProduction(t *testing.T) {
	paused(t, "stop", every(pauses, 0))
}

func TestARunThatIsStoppedElsewhereWritesNothingOnceAnotherHasProduction(t *testing.T) {
	paused(t, "asleep", every(pauses, 1))
}

func paused(t *testing.T, name string, points []point) {
	v := newVictim(t, name)
	for _, p := range points {
		ok := t.Run(strings.TrimSpace(p.at), func(t *testing.T) {
			r := v.r
			if p.fate == refused {
				r = v.strict[v.version]
			}
			stopped, wait := v.stoppedAt(t, r, p)
			other := v.pipeline(t, v.r, v.n, "rollback", "--to", v.version)
			require.Equal(t, 0, other.code, other.stdout+other.stderr)
			after := v.snapshot(t, v.n)
			require.NoError(t, syscall.Kill(-stopped.Pid, syscall.SIGCONT))
			done := wait()
			t.Log(done.stdout)
			now := v.snapshot(t, v.n)
			maps.DeleteFunc(now, func(id string, _ []string) bool {
				return strings.Contains(id, underWay) && after[id] == nil
			})
			requireSame(t, after, now, "the run that was stopped wrote after it had lost production")
			require.Equal(t, 60, done.code, done.stdout+done.stderr)
			require.Contains(t, done.stdout, "the production lock was lost")
			require.Contains(t, done.stdout, "; production now runs the release of run ")
			require.Contains(t, done.stdout, " ("+v.version+")")
			status := v.status(t)
			require.Contains(t, status.stdout, v.version, status.stderr)
			require.Contains(t, status.stdout, "Healthy", status.stderr)
		})
		if !ok {
			return // the rest would begin with something else
		}
	}
}

// stoppedAt starts a rollback and stops it, with all its children, at the point.
func (v *victim) stoppedAt(t *testing.T, r *repository, p point) (stopped *os.Process, wait func() ended) {
	t.Helper()
	var seen atomic.Int32
	reached := make(chan *os.Process, 1)
	wait = v.start(t, r, v.n, func(process *os.Process, line string) {
		if strings.HasPrefix(line, p.at) && int(seen.Add(1)) == max(1, p.nth) {
			_ = syscall.Kill(-process.Pid, syscall.SIGSTOP)
			reached <- process
		}
	}, "rollback")
	over := make(chan ended, 1)
	go func() { over <- wait() }()
	select {
	case stopped = <-reached:
	case done := <-over:
		require.Fail(t, "no such line", done.stdout+done.stderr)
	}
	t.Cleanup(func() { _ = syscall.Kill(-stopped.Pid, syscall.SIGKILL) })
	return stopped, func() ended { return <-over }
}
