package e2e

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	appsv1 "k8s.io/api/apps/v1"
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
	waits := []func() ended{w.start(t, first, n, nil), w.start(t, second, n, nil)}
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

// countBetas watches the build namespace and returns the most betas that were
// there, and ready, at the same time.
func (w *world) countBetas(t *testing.T, n namespaces) *atomic.Int64 {
	t.Helper()
	deployments, err := w.typed.AppsV1().Deployments(n.build).Watch(context.Background(), metav1.ListOptions{})
	require.NoError(t, err)
	t.Cleanup(deployments.Stop)
	var most atomic.Int64
	go func() {
		ready := map[string]bool{}
		for event := range deployments.ResultChan() {
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
	}()
	return &most
}
