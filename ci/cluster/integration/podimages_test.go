package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

func TestTheImagesOfPodsAreThoseThatARegistryKnows(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "one"}, Spec: corev1.PodSpec{
		NodeSelector: map[string]string{"slipway.test/none": "such"}, // its status is this test's
		Containers:   []corev1.Container{{Name: "one", Image: "registry.example.com/shop:1-beta"}}}}
	_, err := c.Typed.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	require.NoError(t, err)
	const config, manifest = "sha256:1a3de3d31a3de3d31a3de3d31a3de3d31a3de3d31a3de3d31a3de3d31a3de3d3", "registry.example.com/shop@sha256:2a3de3d31a3de3d31a3de3d31a3de3d31a3de3d31a3de3d31a3de3d31a3de3d3"
	told := `{"status": {"containerStatuses": [{"name": "one", "image": "` + config + `", "imageID": "` + manifest + `", "ready": false, "restartCount": 0}]}}` // as containerd tells of one that has no tag
	_, err = c.Typed.CoreV1().Pods(namespace).Patch(t.Context(), "one", types.StrategicMergePatchType, []byte(told), metav1.PatchOptions{}, "status")
	require.NoError(t, err)
	images, err := rollout.PodImages(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Equal(t, []string{"registry.example.com/shop:1-beta", manifest}, images)
}
