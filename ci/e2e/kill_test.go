package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/scripts/light"
)

// point is a moment of a rollback, which changes, creates and prunes objects of
// production: the nth printed line that begins so.
type point struct {
	at   string
	nth  int
	fate fate
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
	{at: "rollback: Deployment ", nth: 2},
	{at: "rollback: Deployment ", nth: 4},
	{at: "rollback: prune"},
	{at: "production: find the address"},
	{at: "production: tests at "},
	{at: "undo: put back ", fate: refused},
	{at: "undo: Deployment ", fate: refused},
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

// victim is a production with two releases, between which rollback goes to and fro.
type victim struct {
	*world
	n       namespaces
	r       *repository            // whose tests take every version
	strict  map[string]*repository // by version, whose tests take only that one
	version string                 // what production runs
	former  string                 // the other
}

func newVictim(t *testing.T, name string) *victim {
	w := sandbox(t)
	v := &victim{world: w, n: w.newNamespaces(t, name), strict: map[string]*repository{}}
	v.r = w.newRepository(t, v.n.production)
	for i, config := range []string{"first", "second"} {
		v.r.overlay(container("env: [{name: LOG_LEVEL, value: "+[]string{"info", "debug"}[i]+"}]"),
			"{apiVersion: v1, kind: ConfigMap, metadata: {name: "+config+"}, data: {a: b}}")
		v.r.commit()
		done := w.pipeline(t, v.r, v.n)
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
		v.former, v.version = v.version, done.report.Version
	}
	for _, version := range []string{v.version, v.former} {
		strict := v.r.branch(t)
		strict.refuseOthers("^" + regexp.QuoteMeta(version) + "$")
		v.strict[version] = strict
	}
	return v
}

func killed(t *testing.T, name string, signal syscall.Signal, points []point) {
	v := newVictim(t, name)
	for i, p := range points {
		ok := t.Run(strings.TrimSpace(strings.ReplaceAll(p.at, "/", " ")), func(t *testing.T) {
			before := v.snapshot(t, v.n)
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
			v.requireWhole(t, p, before)
		})
		if !ok {
			return // the rest would begin with something else
		}
	}
}

// signalledAt runs rollback and sends a signal at the point: SIGKILL to the whole group, so
// that no child survives.
func (v *victim) signalledAt(t *testing.T, r *repository, p point, signal syscall.Signal) (done ended, reached bool) {
	t.Helper()
	var seen atomic.Int32
	done = v.start(t, r, v.n, func(process *os.Process, line string) {
		if !strings.HasPrefix(line, p.at) || int(seen.Add(1)) != max(1, p.nth) {
			return
		}
		if signal == syscall.SIGKILL {
			_ = syscall.Kill(-process.Pid, signal)
			return
		}
		_ = process.Signal(signal)
	}, "rollback")()
	return done, int(seen.Load()) >= max(1, p.nth)
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

// recover lets another run finish what a killed one began: `recover`, or simply the next one.
func (v *victim) recover(t *testing.T, i int, p point) {
	t.Helper()
	args := []string{"recover"}
	if i%2 == 1 && p.fate != either && p.fate != asAfter {
		args = []string{"rollback", "--to", v.version}
	}
	done := v.pipeline(t, v.r, v.n, args...)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
}

// requireWhole compares production with what it was, or with what it was to become.
func (v *victim) requireWhole(t *testing.T, p point, before state) {
	t.Helper()
	after := v.snapshot(t, v.n)
	was, holds := before.configs(v.n), after.configs(v.n)
	require.Len(t, holds, 1, "what one version has stands beside what the other has")
	switch p.fate {
	case asBefore, refused:
		require.Equal(t, was, holds)
	case asAfter:
		require.NotEqual(t, was, holds)
	}
	if slices.Equal(was, holds) {
		requireSame(t, before.restored(v.n).recreated(), after.restored(v.n).recreated(), "production is not as it was")
	} else {
		v.version, v.former = v.former, v.version
	}
	for id := range after {
		require.NotContains(t, id, "slipway-undo-", "an undo record is left")
	}
	requireSame(t, before.in(v.n.build), after.in(v.n.build), "something is left in the build namespace")
	lease, err := v.typed.CoordinationV1().Leases(v.n.production).Get(t.Context(), "slipway-production", metav1.GetOptions{})
	require.NoError(t, err)
	require.Empty(t, ptr.Deref(lease.Spec.HolderIdentity, ""), "the lock is still held")
	done := v.run(t, append([]string{"status"}, v.n.flags()...)...)
	require.Contains(t, done.stdout, v.version, done.stderr)
}

// configs are those of the ConfigMaps by which a victim's releases differ that are there.
func (s state) configs(n namespaces) []string {
	return slices.DeleteFunc([]string{"first", "second"}, func(name string) bool { return s["ConfigMap "+n.production+"/"+name] == nil })
}

// byHand runs the kubectl commands that a run printed before it ended.
func (v *victim) byHand(t *testing.T, printed string) {
	t.Helper()
	programs, err := light.Build(t.Context(), v.root)
	require.NoError(t, err)
	for line := range strings.Lines(printed) {
		command := strings.TrimSpace(line)
		if !strings.HasPrefix(command, "kubectl ") {
			continue
		}
		shell := exec.CommandContext(t.Context(), "sh", "-c", command)
		shell.Env = append(os.Environ(), "KUBECONFIG="+v.Kubeconfig, "PATH="+filepath.Dir(programs.Kubectl)+":"+os.Getenv("PATH"))
		out, err := shell.CombinedOutput()
		require.NoError(t, err, "%s: %s", command, out)
	}
}

// born are fields by which an object that was pruned and created again differs.
var born = regexp.MustCompile(`"(uid|creationTimestamp)":`)

// recreated is the state but for the birth of ConfigMaps, which the runs prune and create again.
func (s state) recreated() state {
	out := state{}
	for id, content := range s {
		out[id] = content
		if strings.HasPrefix(id, "ConfigMap ") {
			out[id] = slices.DeleteFunc(slices.Clone(content), born.MatchString)
		}
	}
	return out
}

func TestASecondSignalEndsAtOnceAndTellsWhatToDo(t *testing.T) {
	v := newVictim(t, "second")
	before := v.snapshot(t, v.n)
	var first, second atomic.Bool
	done := v.start(t, v.r, v.n, func(process *os.Process, line string) {
		if strings.HasPrefix(line, "rollback: Deployment ") && !first.Swap(true) || strings.HasPrefix(line, "undo: put back ") && !second.Swap(true) {
			_ = process.Signal(syscall.SIGINT)
		}
	}, "rollback")()
	require.True(t, second.Load(), done.stdout)
	require.Equal(t, 130, done.code, done.stdout+done.stderr)
	for _, command := range []string{"go run ./ci recover", "kubectl -n " + v.n.production + " get secret slipway-undo-", "delete configmap/first", "delete secret slipway-undo-"} {
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
