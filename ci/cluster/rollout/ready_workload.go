package rollout

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// The functions of the files ready_* say what an object still lacks to be done, in
// a few words; "" means done. They only look: no request, no clock.

const RevisionAnnotation = "deployment.kubernetes.io/revision"

// isOf reports whether the newest ReplicaSet is that of the Deployment's spec.
func (r rollout) isOf(d *appsv1.Deployment) bool {
	return r.newest != nil && r.newest.Annotations[RevisionAnnotation] == d.Annotations[RevisionAnnotation]
}

// deploymentLacks is the union of kubectl's rollout status and of what it misses:
// the newest ReplicaSet must hold all replicas, and every pod of an older one
// must be gone, for a terminating pod still answers (kubectl#1284, KEP-3973).
func deploymentLacks(d *appsv1.Deployment, r rollout) string {
	want, status := ptr.Deref(d.Spec.Replicas, 1), d.Status
	switch {
	case status.ObservedGeneration < d.Generation:
		return "its new spec is not observed yet"
	case !r.isOf(d):
		return "no ReplicaSet of the new spec"
	case status.UpdatedReplicas < want:
		return fmt.Sprintf("%d of %d replicas updated", status.UpdatedReplicas, want)
	case status.AvailableReplicas < want:
		return fmt.Sprintf("%d of %d replicas available", status.AvailableReplicas, want)
	case r.newest.Status.AvailableReplicas != want:
		return fmt.Sprintf("%d of %d replicas available in ReplicaSet %s", r.newest.Status.AvailableReplicas, want, r.newest.Name)
	case len(r.old) > 0:
		return oldPods(r.old)
	case status.Replicas > status.UpdatedReplicas:
		return fmt.Sprintf("%d old replicas not removed", status.Replicas-status.UpdatedReplicas)
	case ptr.Deref(status.TerminatingReplicas, 0) > 0:
		return fmt.Sprintf("%d pods terminating", *status.TerminatingReplicas)
	}
	return podsLack(r.current, want)
}

// oldPods says of pods that must go which are ending and how long they may take.
func oldPods(old []*corev1.Pod) string {
	var ending []string
	for _, pod := range old {
		if pod.DeletionTimestamp != nil {
			ending = append(ending, fmt.Sprintf("%s (may take %ds)", pod.Name, ptr.Deref(pod.DeletionGracePeriodSeconds, 0)))
		}
	}
	if len(ending) < len(old) {
		return fmt.Sprintf("%d old pods still there: %s", len(old), podNames(old))
	}
	return "waits for old pods to end: " + strings.Join(ending, ", ")
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

func podNames(pods []*corev1.Pod) string {
	names := make([]string, len(pods))
	for i, pod := range pods {
		names[i] = pod.Name
	}
	return strings.Join(names, ", ")
}
