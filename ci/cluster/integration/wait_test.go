package integration

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

// needKubelet skips where pods are only pretended (kwok): images, logs and ports
// need real ones.
func needKubelet(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	nodes, err := c.Typed.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, node := range nodes.Items {
		if node.Annotations["kwok.x-k8s.io/node"] != "" {
			t.Skip("the cluster's nodes are fake: no container runs")
		}
	}
}

func TestWaitEndsWhenOnlyTheNewVersionIsLeft(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, app("", testImage(), "one"))
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	before := c.Requests()
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, func(object, state string) { t.Log(object, state) }))
	t.Logf("wait: %d requests", c.Requests()-before)

	require.NoError(t, unstructured.SetNestedField(wanted[3].Object, "two", "spec", "template", "metadata", "annotations", "version"))
	_, err = apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, nil))
	pods, err := c.Typed.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	for _, pod := range pods.Items {
		require.Equal(t, "two", pod.Annotations["version"])
		require.Nil(t, pod.DeletionTimestamp)
	}
	require.Len(t, pods.Items, 2)
}

func TestWaitNamesTheQuotaThatRefusesThePods(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "small"}, Spec: corev1.ResourceQuotaSpec{
		Hard: corev1.ResourceList{"requests.cpu": quantity.MustParse("15m")}}}
	_, err := c.Typed.CoreV1().ResourceQuotas(namespace).Create(t.Context(), quota, metav1.CreateOptions{})
	require.NoError(t, err)
	wanted := clustertest.Objects(t, namespace, app("", testImage(), "one"))
	_, err = apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	start := time.Now()
	refused := clustertest.RequireClass(t, rollout.Wait(within(t, time.Minute), c, wanted, nil), cluster.Admission)
	require.Less(t, time.Since(start), 6*time.Second)
	require.Contains(t, refused.Cause, "exceeded quota: small")
	require.Equal(t, "Deployment "+namespace+"/api", refused.Object)
}

const database = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: database}
spec:
  serviceName: database
  selector: {matchLabels: {app: database}}
  template:
    metadata: {labels: {app: database}}
    spec: {containers: [{name: database, image: "registry.example/database:1"}]}`

func TestWaitNamesPodSecurityThatRefusesAStatefulSetsPods(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	label := []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`)
	_, err := c.Typed.CoreV1().Namespaces().Patch(t.Context(), namespace, "application/merge-patch+json", label, metav1.PatchOptions{})
	require.NoError(t, err)
	wanted := clustertest.Objects(t, namespace, database)
	_, err = apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	start := time.Now()
	refused := clustertest.RequireClass(t, rollout.Wait(within(t, time.Minute), c, wanted, nil), cluster.Admission)
	require.Less(t, time.Since(start), 10*time.Second)
	require.Contains(t, refused.Cause, "violates PodSecurity")
}

func TestWaitSaysWhyAPodCannotBeScheduled(t *testing.T) {
	t.Parallel()
	c := connect(t)
	wanted := clustertest.Objects(t, newNamespace(t, c), app("", testImage(), "one"))
	require.NoError(t, unstructured.SetNestedField(wanted[3].Object, map[string]any{"no": "such-node"}, "spec", "template", "spec", "nodeSelector"))
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	start := time.Now()
	refused := clustertest.RequireClass(t, rollout.Wait(within(t, time.Minute), c, wanted, nil), cluster.Unschedulable)
	require.InDelta(t, 10, time.Since(start).Seconds(), 3)
	require.Contains(t, refused.Cause, "didn't match Pod's node affinity/selector")
}

func TestWaitSaysAtTheDeadlineWhatIsLacking(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: nobody-provides, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}")
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	late := clustertest.RequireClass(t, rollout.Wait(within(t, 2*time.Second), c, wanted, nil), cluster.Unschedulable)
	require.Equal(t, "PersistentVolumeClaim "+namespace+"/data: not bound to a volume", late.Evidence[0])
	require.Contains(t, late.Evidence[1], "event ProvisioningFailed: storageclass")
	require.ErrorIs(t, late, context.DeadlineExceeded)
}

func TestWaitReturnsACancellationAsSuch(t *testing.T) {
	t.Parallel()
	c := connect(t)
	wanted := clustertest.Objects(t, newNamespace(t, c), "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: none, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}")
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var told atomic.Bool
	err = rollout.Wait(ctx, c, wanted, func(string, string) { told.Store(true); cancel() })
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, told.Load())
}

func TestWaitFailsWithinSecondsOnAnImageThatDoesNotExist(t *testing.T) {
	t.Parallel()
	c := connect(t)
	needKubelet(t, c)
	wanted := clustertest.Objects(t, newNamespace(t, c), app("", testImage()+"-that-is-not-there", "one"))
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	start := time.Now()
	refused := clustertest.RequireClass(t, rollout.Wait(within(t, time.Minute), c, wanted, nil), cluster.Image)
	require.Less(t, time.Since(start), 10*time.Second)
	require.Contains(t, refused.Cause, "that-is-not-there")
}

func TestWaitShowsTheLogOfAContainerThatCrashes(t *testing.T) {
	t.Parallel()
	c := connect(t)
	needKubelet(t, c)
	wanted := clustertest.Objects(t, newNamespace(t, c), app("", testImage(), "one"))
	containers, _, err := unstructured.NestedSlice(wanted[3].Object, "spec", "template", "spec", "containers")
	require.NoError(t, err)
	container := containers[0].(map[string]any)
	container["env"] = append(container["env"].([]any), map[string]any{"name": "LOG_LEVEL", "value": "correct-horse"})
	container["readinessProbe"] = map[string]any{"periodSeconds": int64(1), "httpGet": map[string]any{"port": "http", "path": "/live"}}
	require.NoError(t, unstructured.SetNestedSlice(wanted[3].Object, containers, "spec", "template", "spec", "containers"))
	_, err = apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	start := time.Now()
	crashed := clustertest.RequireClass(t, rollout.Wait(within(t, time.Minute), c, wanted, nil), cluster.Crash)
	require.Less(t, time.Since(start), 20*time.Second)
	require.NotEmpty(t, crashed.Evidence)
	for _, line := range crashed.Evidence {
		require.NotContains(t, line, "correct-horse")
	}
}

func TestWaitSaysNeverReadyWhenTheProbeDoesNotPass(t *testing.T) {
	t.Parallel()
	c := connect(t)
	needKubelet(t, c)
	wanted := clustertest.Objects(t, newNamespace(t, c), app("", testImage(), "one"))
	containers, _, err := unstructured.NestedSlice(wanted[3].Object, "spec", "template", "spec", "containers")
	require.NoError(t, err)
	containers[0].(map[string]any)["readinessProbe"] = map[string]any{"periodSeconds": int64(1), "httpGet": map[string]any{"port": int64(1), "path": "/"}}
	require.NoError(t, unstructured.SetNestedSlice(wanted[3].Object, containers, "spec", "template", "spec", "containers"))
	_, err = apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	late := clustertest.RequireClass(t, rollout.Wait(within(t, 8*time.Second), c, wanted, nil), cluster.NeverReady)
	require.Contains(t, late.Cause, "never became ready")
	require.Condition(t, func() bool {
		for _, line := range late.Evidence {
			if len(line) > 15 && line[:15] == "event Unhealthy" {
				return true
			}
		}
		return false
	}, "%v", late.Evidence)
}
