package cluster

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// The functions of this file say what an object still lacks to be done, in a few
// words; "" means done. They only look: no request, no clock.

const revisionAnnotation = "deployment.kubernetes.io/revision"

// deploymentLacks is the union of kubectl's rollout status and of what it misses:
// the newest ReplicaSet must hold all replicas, and every pod of an older one
// must be gone, for a terminating pod still answers (kubectl#1284, KEP-3973).
func deploymentLacks(d *appsv1.Deployment, newest *appsv1.ReplicaSet, current, old []*corev1.Pod) string {
	want, status := ptr.Deref(d.Spec.Replicas, 1), d.Status
	switch {
	case status.ObservedGeneration < d.Generation:
		return "its new spec is not observed yet"
	case newest == nil || newest.Annotations[revisionAnnotation] != d.Annotations[revisionAnnotation]:
		return "no ReplicaSet of the new spec"
	case status.UpdatedReplicas < want:
		return fmt.Sprintf("%d of %d replicas updated", status.UpdatedReplicas, want)
	case status.Replicas > status.UpdatedReplicas:
		return fmt.Sprintf("%d old replicas not removed", status.Replicas-status.UpdatedReplicas)
	case status.AvailableReplicas < want:
		return fmt.Sprintf("%d of %d replicas available", status.AvailableReplicas, want)
	case newest.Status.AvailableReplicas != want:
		return fmt.Sprintf("%d of %d replicas available in ReplicaSet %s", newest.Status.AvailableReplicas, want, newest.Name)
	case len(old) > 0:
		return fmt.Sprintf("%d old pods still there: %s", len(old), podNames(old))
	case ptr.Deref(status.TerminatingReplicas, 0) > 0:
		return fmt.Sprintf("%d pods terminating", *status.TerminatingReplicas)
	}
	return podsLack(current, want)
}

// statefulSetLacks covers OnDelete and partitions: there only the pods that the
// controller replaces by itself are waited for.
func statefulSetLacks(s *appsv1.StatefulSet, current []*corev1.Pod) string {
	want, status := ptr.Deref(s.Spec.Replicas, 1), s.Status
	rolling := s.Spec.UpdateStrategy.Type != appsv1.OnDeleteStatefulSetStrategyType
	update := want
	if rolling && s.Spec.UpdateStrategy.RollingUpdate != nil {
		update = max(0, want-ptr.Deref(s.Spec.UpdateStrategy.RollingUpdate.Partition, 0))
	}
	switch {
	case status.ObservedGeneration < s.Generation:
		return "its new spec is not observed yet"
	case status.Replicas != want:
		return fmt.Sprintf("%d replicas where %d are wanted", status.Replicas, want)
	case rolling && status.UpdatedReplicas < update:
		return fmt.Sprintf("%d of %d replicas updated", status.UpdatedReplicas, update)
	case status.ReadyReplicas < want || status.AvailableReplicas < want:
		return fmt.Sprintf("%d of %d replicas available", min(status.ReadyReplicas, status.AvailableReplicas), want)
	case rolling && update == want && status.CurrentRevision != status.UpdateRevision:
		return "its update is not concluded"
	case rolling && update == want:
		return podsLack(current, want)
	}
	return ""
}

func daemonSetLacks(d *appsv1.DaemonSet) string {
	want, status := d.Status.DesiredNumberScheduled, d.Status
	switch {
	case status.ObservedGeneration < d.Generation:
		return "its new spec is not observed yet"
	case d.Spec.UpdateStrategy.Type != appsv1.OnDeleteDaemonSetStrategyType && status.UpdatedNumberScheduled < want:
		return fmt.Sprintf("%d of %d pods updated", status.UpdatedNumberScheduled, want)
	case status.NumberAvailable < want:
		return fmt.Sprintf("%d of %d pods available", status.NumberAvailable, want)
	}
	return ""
}

func jobLacks(j *batchv1.Job) string {
	for _, condition := range j.Status.Conditions {
		if condition.Type == batchv1.JobComplete && condition.Status == corev1.ConditionTrue {
			return ""
		}
	}
	return fmt.Sprintf("%d of %d completions", j.Status.Succeeded, ptr.Deref(j.Spec.Completions, 1))
}

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

// endpointsLack checks that a Service leads to all of the current pods and to
// nothing that is old or gone. known holds the uids of all pods that exist.
func endpointsLack(service string, slices []*discoveryv1.EndpointSlice, current, old []*corev1.Pod, known map[types.UID]bool) string {
	stale, routed := map[types.UID]bool{}, map[types.UID]bool{}
	for _, pod := range old {
		stale[pod.UID] = true
	}
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			if endpoint.TargetRef == nil || endpoint.TargetRef.Kind != "Pod" {
				continue
			}
			uid := endpoint.TargetRef.UID
			if stale[uid] || !known[uid] {
				return fmt.Sprintf("Service %s still leads to old pod %s", service, endpoint.TargetRef.Name)
			}
			routed[uid] = routed[uid] || ptr.Deref(endpoint.Conditions.Ready, true)
		}
	}
	for _, pod := range current {
		if pod.DeletionTimestamp == nil && ready(pod) && !routed[pod.UID] {
			return fmt.Sprintf("Service %s does not lead to pod %s yet", service, pod.Name)
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

func podNames(pods []*corev1.Pod) string {
	names := make([]string, len(pods))
	for i, pod := range pods {
		names[i] = pod.Name
	}
	return strings.Join(names, ", ")
}
