package e2e

import (
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// point is a moment of a rollback, which changes, creates and prunes objects of
// production: the nth printed line that begins so.
type point struct {
	at    string
	nth   int
	fate  fate
	short bool // also with -short
}

// fate is what production must be after a run that ended at a point.
type fate int

const (
	asBefore fate = iota
	refused       // as before; and the tests refuse the version, so that the run undoes by itself
	either        // as before or as after, but whole
	asAfter
)

// Those that leave production on the other version come last.
var points = []point{
	{at: "build: started"},
	{at: "rollback: plan"},
	{at: "rollback: record the way back"},
	{at: "rollback: apply"},
	{at: "rollback: ConfigMap "},
	{at: "rollback: Deployment "},
	{at: "rollback: Deployment ", nth: 2, short: true},
	{at: "rollback: Deployment ", nth: 4},
	{at: "rollback: prune"},
	{at: "production: find the address"},
	{at: "production: tests at "},
	{at: "undo: put back ", fate: refused},
	{at: "undo: Deployment ", fate: refused, short: true},
	{at: "undo: Deployment ", nth: 3, fate: refused},
	{at: "undo: tests at ", fate: refused},
	{at: "production: record the release", fate: either},
	{at: "cleanup: started", fate: asAfter},
}

func TestARunThatIsInterruptedAtAnyPointLeavesProductionWhole(t *testing.T) {
	killed(t, "int", syscall.SIGINT, points)
}

func TestARunThatIsTerminatedAtAnyPointLeavesProductionWhole(t *testing.T) {
	killed(t, "term", syscall.SIGTERM, points)
}

// Split in two that run side by side: each waits for the dead run's lock to expire.

func TestARunThatIsKilledAtAnyPointIsRecovered(t *testing.T) {
	killed(t, "kill", syscall.SIGKILL, every(points, 0))
}

func TestARunThatIsKilledAtAnyOtherPointIsRecovered(t *testing.T) {
	killed(t, "dead", syscall.SIGKILL, every(points, 1))
}

// every returns every second point from the first one on.
func every(all []point, first int) []point {
	var out []point
	for i := first; i < len(all); i += 2 {
		out = append(out, all[i])
	}
	return out
}

func killed(t *testing.T, name string, signal syscall.Signal, points []point) {
	v := newVictim(t, name)
	before := v.snapshot(t, v.n)
	for i, p := range points {
		if testing.Short() && !p.short {
			continue
		}
		ok := t.Run(strings.TrimSpace(strings.ReplaceAll(p.at, "/", " ")), func(t *testing.T) {
			r := v.r
			if p.fate == refused {
				r = v.strict[v.version]
			}
			done, reached := v.signalledAt(t, r, p, signal)
			require.True(t, reached, "no such line: %s", done.stdout)
			if signal == syscall.SIGKILL {
				require.Equal(t, -1, done.code, done.stdout+done.stderr)
				v.recover(t, i, p)
			} else {
				require.Contains(t, p.codes(signal), done.code, done.stdout+done.stderr)
			}
			before = v.requireWhole(t, p, before)
		})
		if !ok {
			return // the rest would begin with something else
		}
	}
}

// codes are the exit codes that a signal at the point may have.
func (p point) codes(signal syscall.Signal) []int {
	interrupted := 128 + int(signal)
	switch p.fate {
	case refused: // it failed before
		return []int{21, interrupted}
	case either, asAfter:
		return []int{0, interrupted}
	}
	return []int{interrupted}
}

func TestALaterSignalEndsAtOnceAndTellsWhatToDo(t *testing.T) {
	v := newVictim(t, "second")
	v.n.lease = "" // once, what is waited for is what everybody waits for
	before := v.snapshot(t, v.n)
	var first, second atomic.Bool
	done := v.start(t, v.r, v.n, func(process *os.Process, line string) {
		switch {
		case strings.HasPrefix(line, "rollback: Deployment ") && !first.Swap(true):
			_ = process.Signal(syscall.SIGINT)
			_ = process.Signal(syscall.SIGINT) // the same signal still
		case strings.HasPrefix(line, "undo: put back ") && !second.Swap(true):
			_ = process.Signal(syscall.SIGSTOP) // what puts back takes less time than a signal counts as repeated
			time.Sleep(2 * time.Second)
			_ = process.Signal(syscall.SIGINT)
			_ = process.Signal(syscall.SIGCONT)
		}
	}, "rollback")()
	require.True(t, second.Load(), done.stdout)
	require.Equal(t, 130, done.code, done.stdout+done.stderr)
	for _, command := range []string{"production in " + v.n.production + " stays as far as run ", "go run ./ci recover", "kubectl -n " + v.n.production + " get secret slipway-undo-", "delete configmap/first", "delete secret slipway-undo-"} {
		require.Contains(t, done.stderr, command)
	}
	v.byHand(t, done.stderr)
	require.Equal(t, before.configs(v.n), v.snapshot(t, v.n).configs(v.n), "the commands do not put production back")
	v.recover(t, 0, point{}) // gives back the lock
	v.requireWhole(t, point{}, before)
}

func TestABetaOfAKilledRunIsRemoved(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "beta")
	r := w.newRepository(t, n.production)
	before := w.snapshot(t, n)
	done := w.start(t, r, n, func(process *os.Process, line string) {
		if strings.HasPrefix(line, "functional: StatefulSet ") {
			_ = syscall.Kill(-process.Pid, syscall.SIGKILL)
		}
	})()
	require.Equal(t, -1, done.code, done.stdout+done.stderr)
	require.NotEqual(t, before.in(n.build), w.snapshot(t, n).in(n.build), "the killed run left nothing to remove")
	done = w.pipeline(t, r, n, "recover")
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	requireSame(t, before, w.snapshot(t, n).without(lock(n)), "something of the killed run is left")
}
