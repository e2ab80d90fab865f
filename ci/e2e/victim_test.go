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

// victim is a production with two releases, between which rollback goes to and fro. Its
// application is the small one, since it is rolled out about a hundred times.
type victim struct {
	example
	strict  map[string]*repository // by version, whose tests take only that one
	version string                 // what production runs
	former  string                 // the other
}

// shortLease is what is waited for after each run that is killed or stopped. How long it
// really is makes no difference to what must be true then; one test waits that long.
const shortLease = "6s"

func newVictim(t *testing.T, name string) *victim {
	v := &victim{example: newExampleIn(t, name, "hello"), strict: map[string]*repository{}}
	v.n.lease = shortLease
	v.r.edit("kustomize/base/hello.yaml", "/hello-app", "/"+v.n.production) // all share one address
	v.r.describe(unlisted)
	v.r.begin()
	for i, config := range []string{"first", "second"} {
		level := []string{"info", "debug"}[i]
		// All new pods at once: each of many rollouts then lasts half as long.
		v.r.overlay(deployment("replicas: 2, strategy: {rollingUpdate: {maxSurge: 2}}, template: {spec: {containers: [{name: api, env: [{name: LOG_LEVEL, value: "+level+"}]}]}}"),
			"{apiVersion: v1, kind: ConfigMap, metadata: {name: "+config+"}, data: {a: b}}")
		v.r.commit()
		done := v.shipped(t)
		v.former, v.version = v.version, done.report.Version
	}
	for _, version := range []string{v.version, v.former} {
		strict := v.r.branch(t)
		count, _, _ := strings.Cut(version, "-") // of its commits: the same for every victim
		strict.refuse("^" + count + "-")
		v.strict[version] = strict
	}
	return v
}

func (v *victim) status(t *testing.T) ended {
	t.Helper()
	return v.run(t, append([]string{"status", "--source", v.r.folder}, v.n.flags()...)...)
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

// requireWhole compares production with what it was, or with what it was to become, and
// returns what it is.
func (v *victim) requireWhole(t *testing.T, p point, before state) (after state) {
	t.Helper()
	after = v.snapshot(t, v.n)
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
	done := v.status(t)
	require.Contains(t, done.stdout, v.version, done.stderr)
	return after
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
