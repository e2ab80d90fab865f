package e2e

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/slipway-cd/slipway/ci/report"
)

func TestTwoRunsOfDifferentCommitsAtOnce(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "two")
	first, second := w.newRepository(t, n.production), w.newRepository(t, n.production)
	before := w.snapshot(t, n)
	most := w.countBetas(t, n)

	// Built beforehand, so that both deploy at the same time.
	for _, r := range []*repository{first, second} {
		done := w.pipeline(t, r, n, "--until", "build")
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
	}
	var runs [2]ended
	var both sync.WaitGroup
	var ready sync.WaitGroup // each stops when its beta is, until both are
	ready.Add(2)
	stop := func() func(*os.Process, string) {
		var once sync.Once
		return func(process *os.Process, line string) {
			if !strings.HasPrefix(line, "functional: tests at ") {
				return
			}
			once.Do(func() {
				_ = process.Signal(syscall.SIGSTOP)
				ready.Done()
				go func() {
					ready.Wait()
					_ = process.Signal(syscall.SIGCONT)
				}()
			})
		}
	}
	waits := []func() ended{w.start(t, first, n, stop()), w.start(t, second, n, stop())}
	for i, wait := range waits {
		both.Go(func() { runs[i] = wait() })
	}
	both.Wait()
	for _, done := range runs {
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
		require.Equal(t, allPassed, done.results())
		require.Equal(t, done.report.Digest, w.digest(t, done.report.Version))
	}
	require.EqualValues(t, 2, most.Load(), "the betas did not stand side by side")
	require.Contains(t, []string{first.version(), second.version()}, w.productionVersion(t, runs[0]))
	requireSame(t, before.in(n.build), w.snapshot(t, n).in(n.build), "a beta left something")
}

func TestTwoCommitsOfOneLineAtOnceEndWithTheNewerOne(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "line")
	older := w.newRepository(t, n.production)
	newer := older.branch(t)
	newer.commit()
	for _, r := range []*repository{older, newer} { // beforehand, so that both deploy at the same time
		done := w.pipeline(t, r, n, "--until", "build")
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
	}
	first, second := w.start(t, newer, n, nil), w.start(t, older, n, nil)
	late, done := second(), first()
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Contains(t, []int{0, 50}, late.code, late.stdout+late.stderr) // either may have been first
	if late.code == 50 {
		require.Contains(t, late.stdout, "superseded by "+newer.version())
		require.Equal(t, report.Undo{}, late.report.Undo)
	}
	require.Equal(t, newer.version(), w.productionVersion(t, done))
}

func TestAnOlderCommitAfterANewerOneIsSuperseded(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "older")
	older := w.newRepository(t, n.production)
	newer := older.branch(t)
	newer.commit()
	done := w.pipeline(t, newer, n)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	deployed := w.snapshot(t, n)
	shallow := &repository{t: t, folder: t.TempDir()}
	shallow.git("clone", "--quiet", "--depth=1", "file://"+older.folder, ".")

	for name, r := range map[string]*repository{"it does not know": older, "it does not know, from a shallow clone": shallow} {
		t.Run(name, func(t *testing.T) {
			late := w.pipeline(t, r, n, "--version", "late-"+w.session)
			require.Equal(t, 50, late.code, late.stdout+late.stderr)
			require.Equal(t, report.Superseded, late.report.Result)
			require.Equal(t, []string{"build superseded", "functional skipped", "release skipped", "deploy skipped", "production skipped", "cleanup passed"}, late.results())
			require.Contains(t, late.stdout, "superseded by "+newer.version()+" ("+newer.git("rev-parse", "--short=12", "HEAD")+"), which production runs already")
			require.Empty(t, w.digest(t, "late-"+w.session+"-beta"), "it was built")
			requireSame(t, deployed, w.snapshot(t, n), "something was changed")
		})
	}
	t.Run("but its tests may run", func(t *testing.T) {
		late := w.pipeline(t, older, n, "--until", "functional")
		require.Equal(t, 0, late.code, late.stdout+late.stderr)
	})
}

func TestEightRunsAtOnce(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "eight")
	first := w.newRepository(t, n.production)
	before := w.snapshot(t, n)
	most := w.countBetas(t, n)
	var waits []func() ended
	var versions []string
	for i := range 8 {
		r := first.branch(t)
		r.commit()
		until := "functional"
		if i < 2 { // branches of the same commit: neither is older
			until, versions = "production", append(versions, r.version())
		}
		waits = append(waits, w.start(t, r, n, nil, "--until", until))
	}
	var runs []ended
	for _, wait := range waits {
		runs = append(runs, wait())
	}
	for _, done := range runs {
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
	}
	require.Contains(t, versions, w.productionVersion(t, runs[0]))
	require.GreaterOrEqual(t, most.Load(), int64(2), "no two betas stood side by side")
	requireSame(t, before.in(n.build), w.snapshot(t, n).in(n.build), "a beta left something")
	leases, err := w.typed.CoordinationV1().Leases(n.production).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, leases.Items, 1, "somebody still waits")
}

// countBetas watches the build namespace and returns the most betas that were
// there, and ready, at the same time.
func (w *world) countBetas(t *testing.T, n namespaces) *atomic.Int64 {
	t.Helper()
	var most atomic.Int64
	follow := func() (watch.Interface, error) {
		return w.typed.AppsV1().Deployments(n.build).Watch(t.Context(), metav1.ListOptions{})
	}
	deployments, err := follow()
	require.NoError(t, err)
	go func() {
		ready := map[string]bool{}
		for ; err == nil; deployments, err = follow() { // a watch ends after a while
			count(deployments.ResultChan(), ready, &most)
		}
	}()
	return &most
}

// count follows which betas are ready until the watch ends.
func count(events <-chan watch.Event, ready map[string]bool, most *atomic.Int64) {
	for event := range events {
		deployment, ok := event.Object.(*appsv1.Deployment)
		if !ok {
			continue
		}
		delete(ready, deployment.Name)
		if event.Type != watch.Deleted && deployment.DeletionTimestamp == nil && deployment.Status.ReadyReplicas > 0 {
			ready[deployment.Name] = true
		}
		most.Store(max(most.Load(), int64(len(ready))))
	}
}
