package cluster

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	runsProven = 2 * time.Second  // how long a container that no probe speaks for must have run to count
	runsAgain  = 10 * time.Second // the same for one that was restarted
	runsLong   = 15 * time.Second // beyond this a container's own start time is trusted, whatever the node's clock
)

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
			if wait := unproven(pod, status, g); wait > left {
				left = wait
				lacks = fmt.Sprintf("container %s of pod %s has no readiness or startup probe, so it must run for a moment first", status.Name, pod.Name)
			}
		}
	}
	return lacks, left
}

// unproven returns how much longer a container without probes has to run; 0 for
// one that has some, or that does not run.
func unproven(pod *corev1.Pod, status corev1.ContainerStatus, g glance) time.Duration {
	if status.State.Running == nil || probed(pod, status.Name) {
		return 0
	}
	must := runsProven
	if status.RestartCount > 0 {
		must = runsAgain
	}
	return max(0, must-g.ran(pod, status, g.now))
}

func probed(pod *corev1.Pod, container string) bool {
	for _, c := range pod.Spec.Containers {
		if c.Name == container {
			return c.ReadinessProbe != nil || c.StartupProbe != nil
		}
	}
	return true // an init container: the pod's next step speaks for it
}

// digestsLack checks that each container runs the image its spec pins by digest.
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
