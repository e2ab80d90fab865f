package integration

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

func TestAServerThatStaysAwayIsUnreachableAtTheDeadline(t *testing.T) {
	t.Parallel()
	connect(t)
	c, server := throughFaults(t)
	server.gone()
	before := c.Requests()
	ctx := within(t, 2*time.Second)
	_, err := c.Typed.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	late := clustertest.RequireClass(t, cluster.FromAPI(ctx, "ConfigMap default/x", "read", err), cluster.Unreachable)
	require.Regexp(t, `read: the API server gave no answer for 2(\.\d)?s: .*connection refused`, late.Cause)
	require.LessOrEqual(t, c.Requests(), before+1, "only what a connection was had for is a request: at most one, by the old connection")
	server.back()
}

func TestRequestsOutliveACutConnectionAndAServerThatIsGone(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, connect(t))
	c, server := throughFaults(t)
	over := server.goneFor(3 * time.Second)
	wanted := clustertest.Objects(t, namespace, "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: b}}")
	_, err := apply.Apply(within(t, 20*time.Second), c, wanted, apply.Options{})
	require.NoError(t, err)
	<-over
	server.answers.Store(http.StatusTooManyRequests)
	time.AfterFunc(1500*time.Millisecond, func() { server.answers.Store(0) })
	made := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "made"}}
	_, err = c.Typed.CoreV1().ConfigMaps(namespace).Create(within(t, 20*time.Second), made, metav1.CreateOptions{})
	require.NoError(t, err)
	server.cut()
	changes, err := apply.Apply(within(t, 20*time.Second), c, wanted, apply.Options{})
	require.NoError(t, err)
	require.Equal(t, write.Unchanged, changes[0].Action)
}

// heard collects what a wait tells.
func heard(into *strings.Builder) func(object, state string) {
	return func(object, state string) { into.WriteString(object + ": " + state + "\n") }
}

func TestWaitOutlivesAServerThatIsGoneAndTellsSoOnce(t *testing.T) {
	t.Parallel()
	direct := connect(t)
	needKubelet(t, direct)
	namespace := newNamespace(t, direct)
	c, server := throughFaults(t)
	wanted := clustertest.Objects(t, namespace, probedApp(nil))
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	over := server.goneFor(8 * time.Second) // the pod is ready long before
	var told strings.Builder
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, heard(&told)))
	select {
	case <-over:
	default:
		require.Fail(t, "done without having heard of it")
	}
	require.Equal(t, 1, strings.Count(told.String(), "cluster: does not answer, trying again"), told.String())
	require.Equal(t, 1, strings.Count(told.String(), "cluster: answers again"), told.String())
}

func TestWaitDoesNotTakeWhatItHeardBeforeACutForTheState(t *testing.T) {
	t.Parallel()
	direct := connect(t)
	namespace := newNamespace(t, direct)
	c, server := throughFaults(t)
	wanted := clustertest.Objects(t, namespace, `{apiVersion: v1, kind: ConfigMap, metadata: {name: door, annotations: {slipway.dev/ready: "{.data.open}=yes"}}, data: {}}`)
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	done := make(chan error, 1)
	waits := make(chan struct{}, 100)
	go func() {
		done <- rollout.Wait(within(t, time.Minute), c, wanted, func(string, string) { waits <- struct{}{} })
	}()
	<-waits
	for range 3 {
		server.cut()
		select {
		case err := <-done:
			require.Fail(t, "over", "%v", err)
		case <-time.After(300 * time.Millisecond):
		}
	}
	server.answers.Store(http.StatusTooManyRequests)
	server.cut()
	_, err = direct.Typed.CoreV1().ConfigMaps(namespace).Patch(t.Context(), "door", "application/merge-patch+json", []byte(`{"data":{"open":"yes"}}`), metav1.PatchOptions{})
	require.NoError(t, err)
	select {
	case err := <-done:
		require.Fail(t, "over", "%v", err)
	case <-time.After(2 * time.Second):
	}
	server.answers.Store(0)
	require.NoError(t, <-done)
}

func TestWaitEndsAtOnceWhenItsContextEndsInAnOutage(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t, connect(t))
	c, server := throughFaults(t)
	wanted := clustertest.Objects(t, namespace, `{apiVersion: v1, kind: ConfigMap, metadata: {name: door, annotations: {slipway.dev/ready: "{.data.open}"}}, data: {}}`)
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	server.gone()
	start := time.Now()
	late := clustertest.RequireClass(t, rollout.Wait(within(t, 4*time.Second), c, wanted, nil), cluster.Unreachable)
	require.Less(t, time.Since(start), 5*time.Second)
	require.Contains(t, late.Cause, "has not answered")
	server.back()
}
