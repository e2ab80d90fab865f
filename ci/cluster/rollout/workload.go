package rollout

import (
	"context"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Workload is a Deployment as it really is: which images its pods run.
type Workload struct {
	Name   string      `json:"name"`
	Wanted int         `json:"wanted"` // replicas
	Images []ImagePods `json:"images"` // one, unless a rollout is under way or stuck; none without pods
}

// ImagePods are the pods of a workload that run the same images.
type ImagePods struct {
	Image string `json:"image"` // as the pods name it; of several containers, separated by commas
	Pods  int    `json:"pods"`
	Ready int    `json:"ready"` // of those pods
}

// Out reports whether all its pods are ready and run the same images.
func (w Workload) Out() bool {
	if w.Wanted == 0 {
		return len(w.Images) == 0
	}
	return len(w.Images) == 1 && w.Images[0].Pods == w.Wanted && w.Images[0].Ready == w.Wanted
}

// Ready returns the number of its ready pods.
func (w Workload) Ready() int {
	ready := 0
	for _, pods := range w.Images {
		ready += pods.Ready
	}
	return ready
}

// Workloads returns the Deployments of a namespace that Slipway manages, by name.
func Workloads(ctx context.Context, c *cluster.Cluster, namespace string) ([]Workload, error) {
	managed := metav1.ListOptions{LabelSelector: managed.LabelManagedBy + "=" + managed.FieldManager}
	list, err := c.Typed.AppsV1().Deployments(namespace).List(ctx, managed)
	if err != nil {
		return nil, cluster.FromAPI(ctx, "namespace "+namespace, "list deployments", err)
	}
	if len(list.Items) == 0 {
		return []Workload{}, nil
	}
	all, err := c.Typed.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, cluster.FromAPI(ctx, "namespace "+namespace, "list pods", err)
	}
	out := make([]Workload, len(list.Items))
	for i, deployment := range list.Items {
		out[i] = workload(&deployment, all.Items)
	}
	return out, nil
}

func workload(deployment *appsv1.Deployment, pods []corev1.Pod) Workload {
	byImage := map[string]ImagePods{}
	selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector)
	for _, pod := range pods {
		ended := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded // evicted, its object stays
		if err != nil || !selector.Matches(labels.Set(pod.Labels)) || pod.DeletionTimestamp != nil || ended {
			continue
		}
		var images []string
		for _, container := range pod.Spec.Containers {
			images = append(images, container.Image)
		}
		image := strings.Join(images, ",")
		count := byImage[image]
		count.Image = image
		count.Pods++
		if ready(&pod) {
			count.Ready++
		}
		byImage[image] = count
	}
	out := Workload{Name: deployment.Name, Images: []ImagePods{}, Wanted: int(ptr.Deref(deployment.Spec.Replicas, 1))}
	for _, image := range slices.Sorted(maps.Keys(byImage)) {
		out.Images = append(out.Images, byImage[image])
	}
	return out
}
