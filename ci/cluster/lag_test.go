package cluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWaitReturnsWithinMomentsOfTheDeploymentBeingAvailable(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := Objects(t, namespace, probedApp(nil))
	_, err := c.Apply(t.Context(), wanted, ApplyOptions{})
	require.NoError(t, err)
	independent, err := connect(t).typed.AppsV1().Deployments(namespace).Watch(t.Context(), metav1.ListOptions{})
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
	require.NoError(t, c.Wait(within(t, time.Minute), wanted, nil))
	lag := time.Since(<-available)
	t.Logf("lag %.4fs, %d requests", lag.Seconds(), c.Requests()-before)
	require.LessOrEqual(t, lag, 50*time.Millisecond*slack()) // whoever polls is later
	require.LessOrEqual(t, c.Requests()-before, int64(3))
}
