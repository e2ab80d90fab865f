package rollout

import (
	"context"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// PodImages returns the images of all pods of a namespace, whoever made them: as the pods name them, and as their
// containers' runtime has resolved that.
func PodImages(ctx context.Context, c *cluster.Cluster, namespace string) ([]string, error) {
	pods, err := c.Typed.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, cluster.FromAPI(ctx, "namespace "+namespace, "list pods", err)
	}
	images := map[string]bool{}
	for _, pod := range pods.Items {
		for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
			images[container.Image] = true
		}
		for _, container := range pod.Spec.EphemeralContainers {
			images[container.Image] = true
		}
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses) {
			images[status.ImageID] = true
			if !strings.HasPrefix(status.Image, "sha256:") { // of the image's configuration, which is no image
				images[status.Image] = true
			}
		}
	}
	delete(images, "")
	return slices.Sorted(maps.Keys(images)), nil
}
