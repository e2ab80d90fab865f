package rollout

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster/diagnose"
)

// runsLong is beyond what a container's own start time is trusted, whatever the node's clock.
const runsLong = 15 * time.Second

func podLacks(p *corev1.Pod) string {
	if p.Status.Phase == corev1.PodSucceeded || ready(p) {
		return ""
	}
	return "not ready, phase " + string(p.Status.Phase)
}

// claimLacks takes a claim as done that waits for its first consumer: its pod's
// own wait, if there is one, includes the binding.
func claimLacks(c *corev1.PersistentVolumeClaim, waitsForConsumer bool) string {
	if c.Status.Phase == corev1.ClaimBound || waitsForConsumer {
		return ""
	}
	return "not bound to a volume"
}

// podsLack checks the pods themselves, for status counts lag behind them.
func podsLack(pods []*corev1.Pod, want int32) string {
	var got int32
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil && ready(pod) {
			got++
		}
	}
	if got < want {
		return fmt.Sprintf("%d of %d pods ready", got, want)
	}
	return ""
}

// unprovenLacks looks for a container of ready pods that counts as ready only
// because no probe says otherwise: until it has run for a moment it may be about
// to crash. left is the time until it has.
func unprovenLacks(pods []*corev1.Pod, g glance) (lacks string, left time.Duration) {
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		for _, status := range pod.Status.ContainerStatuses {
			if wait := diagnose.Unproven(pod, status, g.ran); wait > left {
				left = wait
				lacks = fmt.Sprintf("container %s of pod %s has no readiness or startup probe, so it must run for a moment first", status.Name, pod.Name)
			}
		}
	}
	return lacks, left
}

// digestsLack checks that each container runs the image its spec pins by digest. Of a
// workload's pods it is enough that they run: their image never changes, and a runtime
// names it by the digest under which it saw the same content first, which may be another
// (an image alone, and as part of an index). That of a bare pod is changed in place.
func digestsLack(pods []*corev1.Pod) string {
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		running := map[string]string{}
		for _, status := range pod.Status.ContainerStatuses {
			running[status.Name] = status.ImageID
		}
		for _, container := range pod.Spec.Containers {
			_, digest, pinned := strings.Cut(container.Image, "@")
			if metav1.GetControllerOf(pod) != nil && running[container.Name] != "" {
				continue
			}
			if pinned && !strings.HasSuffix(running[container.Name], digest) {
				return fmt.Sprintf("pod %s runs %q in container %s, not %s", pod.Name, running[container.Name], container.Name, digest)
			}
		}
	}
	return ""
}

func ready(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
