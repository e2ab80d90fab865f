package cluster

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
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "api"},
		Spec:       appsv1.DeploymentSpec{Replicas: ptr.To(int32(3)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "api"}}},
	}
	require.Equal(t, Workload{Name: "api", Wanted: 3, Images: []ImagePods{{Image: "new", Pods: 2, Ready: 1}, {Image: "old", Pods: 1, Ready: 1}}},
		workload(deployment, []corev1.Pod{
			pod("api", "old", corev1.ConditionTrue), pod("api", "new", corev1.ConditionFalse), pod("api", "new", corev1.ConditionTrue),
			going, pod("other", "new", corev1.ConditionTrue),
		}))
	require.Equal(t, Workload{Name: "api", Wanted: 3, Images: []ImagePods{}}, workload(deployment, nil))
}
