package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

func TestWaitTellsOfAServiceThatNoPodMatchesAndGoesOn(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, app("", testImage(), "one"))
	require.NoError(t, unstructured.SetNestedField(wanted[2].Object, "leader", "spec", "selector", "role"))
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	start, told := time.Now(), time.Duration(0)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, func(object, state string) {
		if told == 0 && object == "Service "+namespace+"/api" && state == "no pod matches its selector app=api,role=leader" {
			told = time.Since(start)
		}
	}))
	require.NotZero(t, told)
	require.Less(t, told, 10*time.Second)

	_, err = c.Typed.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "leader", Labels: map[string]string{"app": "api", "role": "leader"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: testImage()}}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	var last string
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted[2:3], func(_, state string) { last = state }))
	require.Equal(t, "ready", last)
}
