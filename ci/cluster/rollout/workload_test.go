package rollout

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestAWorkloadIsWhatItsPodsRunNotWhatItsTemplateWants(t *testing.T) {
	t.Parallel()
	pod := func(app, image string, ready corev1.ConditionStatus) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Image: image}}},
			Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}},
		}
	}
	going := pod("api", "old", corev1.ConditionTrue)
	going.DeletionTimestamp = ptr.To(metav1.Now())
	evicted := pod("api", "old", corev1.ConditionFalse)
	evicted.Status.Phase = corev1.PodFailed
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "api"},
		Spec:       appsv1.DeploymentSpec{Replicas: ptr.To(int32(3)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "api"}}},
	}
	require.Equal(t, Workload{Name: "api", Wanted: 3, Images: []ImagePods{{Image: "new", Pods: 2, Ready: 1}, {Image: "old", Pods: 1, Ready: 1}}},
		workload(deployment, []corev1.Pod{
			pod("api", "old", corev1.ConditionTrue), pod("api", "new", corev1.ConditionFalse), pod("api", "new", corev1.ConditionTrue),
			going, evicted, pod("other", "new", corev1.ConditionTrue),
		}))
	require.Equal(t, Workload{Name: "api", Wanted: 3, Images: []ImagePods{}}, workload(deployment, nil))
}

func TestAWorkloadIsOutWhenAllItsPodsAreReadyAndAlike(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wanted int
		images []ImagePods
		out    bool
	}{
		"as wanted":          {2, []ImagePods{{"a", 2, 2}}, true},
		"one is not ready":   {2, []ImagePods{{"a", 2, 1}}, false},
		"one is missing":     {2, []ImagePods{{"a", 1, 1}}, false},
		"an old one lingers": {2, []ImagePods{{"a", 2, 2}, {"b", 1, 1}}, false},
		"one too many":       {1, []ImagePods{{"a", 2, 1}}, false},
		"none":               {1, nil, false},
		"none are wanted":    {0, nil, true},
	} {
		require.Equal(t, c.out, Workload{Wanted: c.wanted, Images: c.images}.Out(), name)
	}
}
