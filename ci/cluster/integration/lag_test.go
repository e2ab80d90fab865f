package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

func TestWaitReturnsWithinMomentsOfTheDeploymentBeingAvailable(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, probedApp(nil))
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	independent, err := connect(t).Typed.AppsV1().Deployments(namespace).Watch(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	defer independent.Stop()
	available := make(chan time.Time, 1)
	go func() {
		for event := range independent.ResultChan() {
			d, ok := event.Object.(*appsv1.Deployment)
			if !ok {
				continue
			}
			for _, condition := range d.Status.Conditions {
				if condition.Type == appsv1.DeploymentAvailable && condition.Status == corev1.ConditionTrue && d.Status.AvailableReplicas == 1 {
					available <- time.Now()
					return
				}
			}
		}
	}()
	before := c.Requests()
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, nil))
	lag := time.Since(<-available)
	t.Logf("lag %.4fs, %d requests", lag.Seconds(), c.Requests()-before)
	require.LessOrEqual(t, lag, 50*time.Millisecond*slack()) // whoever polls is later
	require.LessOrEqual(t, c.Requests()-before, int64(3))
}
