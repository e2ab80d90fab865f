package cluster

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// replicaSetProblem returns why a ReplicaSet cannot make its pods, or nil.
func replicaSetProblem(set *appsv1.ReplicaSet) *problem {
	for _, condition := range set.Status.Conditions {
		if condition.Type == appsv1.ReplicaSetReplicaFailure && condition.Status == corev1.ConditionTrue {
			return refusedPods(condition.Message)
		}
	}
	return nil
}

// refusedPods reports that a controller's pods are refused: by a quota, Pod
// Security, a webhook, a missing service account.
func refusedPods(message string) *problem {
	p := &problem{id: "refused", class: Admission, grace: createGrace, cause: "its pods are refused: " + oneLine(message)}
	switch {
	case strings.Contains(message, "exceeded quota"):
		p.try = "free some of the quota, or ask an administrator for more"
	case strings.Contains(message, "violates PodSecurity"):
		p.try = "set the named fields in the pod's securityContext"
	case strings.Contains(message, "failed calling webhook"):
		p.grace, p.try = statusGrace, "see why the webhook's own pods do not answer"
	case strings.Contains(message, "serviceaccount") && strings.Contains(message, "not found"):
		p.class, p.grace, p.missing, p.try = Misconfigured, configGrace, true, "add the ServiceAccount to the overlay, or correct its name"
	case strings.Contains(message, "usage per Container is"), strings.Contains(message, "usage per Pod is"):
		p.try = "keep its requests and limits within the namespace's LimitRange"
	}
	return p
}

// deploymentProblem returns why the Deployment as a whole will not proceed. of is
// the problem that was found among its pods, if any.
func deploymentProblem(d *appsv1.Deployment, current []*corev1.Pod, of *problem) *problem {
	for _, condition := range d.Status.Conditions {
		if condition.Type != appsv1.DeploymentProgressing || condition.Status != corev1.ConditionFalse || condition.Reason != "ProgressDeadlineExceeded" {
			continue
		}
		p := &problem{id: "progress", class: Timeout, cause: fmt.Sprintf("made no progress for its progressDeadlineSeconds of %d", ptr.Deref(d.Spec.ProgressDeadlineSeconds, 600))}
		if late := notReady(current); late != nil {
			p = late
		} else if of != nil && of.cause != "" {
			p = of
		}
		final := *p
		final.grace = 0
		return &final
	}
	return nil
}

func paused(d *appsv1.Deployment) *problem {
	if !d.Spec.Paused {
		return nil
	}
	return &problem{id: "paused", class: Misconfigured, cause: "is paused, so that nothing is rolled out", try: "remove spec.paused from the overlay, or kubectl rollout resume"}
}

// evicted reports pods that their nodes threw out and that were not replaced.
func evicted(ended []*corev1.Pod) *problem {
	for _, pod := range ended {
		if pod.Status.Phase == corev1.PodFailed && pod.Status.Reason != "" {
			return &problem{id: "evicted", class: Unschedulable, grace: evictedGrace, about: pod, try: "see what the node lacks, and set the pod's requests to what it really uses",
				cause: fmt.Sprintf("pod %s was thrown out by node %s (%s): %s", pod.Name, pod.Spec.NodeName, pod.Status.Reason, oneLine(pod.Status.Message))}
		}
	}
	return nil
}

// failed reports a pod without an owner that has ended for good.
func failed(pod *corev1.Pod) *problem {
	if pod.Status.Phase != corev1.PodFailed {
		return nil
	}
	if p := evicted([]*corev1.Pod{pod}); p != nil {
		p.grace = 0
		return p
	}
	p := &problem{id: "failed", class: Crash, pod: pod, about: pod, cause: "failed", try: "read its last log lines"}
	describeEnd(p, pod)
	return p
}

// jobProblem returns why a Job failed, or nil. FailureTarget comes as soon as that
// is certain, Failed only when its last pod has ended.
func jobProblem(j *batchv1.Job, own []*corev1.Pod) *problem {
	if ptr.Deref(j.Spec.Suspend, false) {
		return &problem{id: "suspended", class: Misconfigured, cause: "is suspended, so that it does not run", try: "set suspend to false"}
	}
	for _, condition := range j.Status.Conditions {
		if condition.Type != batchv1.JobFailed && condition.Type != batchv1.JobFailureTarget || condition.Status != corev1.ConditionTrue {
			continue
		}
		p := &problem{id: "failed", class: Crash, cause: "failed: " + oneLine(condition.Message), try: "read its last log lines"}
		switch condition.Reason {
		case batchv1.JobReasonDeadlineExceeded:
			p.cause = fmt.Sprintf("failed: it was not complete after its activeDeadlineSeconds of %d", ptr.Deref(j.Spec.ActiveDeadlineSeconds, 0))
			p.try = "give it longer, or less to do"
		case batchv1.JobReasonBackoffLimitExceeded:
			p.cause = fmt.Sprintf("failed after its backoffLimit of %d", ptr.Deref(j.Spec.BackoffLimit, 6))
		}
		for _, pod := range own {
			describeEnd(p, pod)
		}
		return p
	}
	return nil
}

// describeEnd adds how a pod's container ended to a problem, if one did badly.
func describeEnd(p *problem, pod *corev1.Pod) {
	for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		ended := status.State.Terminated
		if ended == nil {
			ended = status.LastTerminationState.Terminated
		}
		if ended == nil || ended.ExitCode == 0 || p.from != "" {
			continue
		}
		p.pod, p.about, p.from = pod, pod, status.Name
		p.cause += fmt.Sprintf("; container %s of pod %s ended with exit code %d (%s)", status.Name, pod.Name, ended.ExitCode, ended.Reason)
		if ended.Reason == "OOMKilled" {
			p.cause += ", " + outOfMemory(pod, status.Name, "it")
			p.try = "raise its memory limit, or let it use less"
		}
	}
}

// notReady returns the problem of a pod that runs without being ready, or nil. It
// is final only when the time is over, so it is asked for then.
func notReady(own []*corev1.Pod) *problem {
	for _, pod := range own {
		if pod.DeletionTimestamp != nil {
			continue
		}
		for _, status := range pod.Status.ContainerStatuses {
			if status.State.Running != nil && !status.Ready {
				return &problem{id: "not ready", class: NeverReady, pod: pod, about: pod, from: status.Name, prove: unreadyProbe,
					cause: fmt.Sprintf("container %s of pod %s runs but never became ready", status.Name, pod.Name),
					try:   "check its readiness probe and what the application waits for"}
			}
		}
		for _, gate := range pod.Spec.ReadinessGates {
			if condition := podCondition(pod, gate.ConditionType); condition == nil || condition.Status != corev1.ConditionTrue {
				return &problem{id: "not ready", class: NeverReady, pod: pod, about: pod, try: "see why the controller that sets it does not",
					cause: fmt.Sprintf("pod %s runs but its readiness gate %s is not true", pod.Name, gate.ConditionType)}
			}
		}
	}
	return nil
}

// unreadyProbe adds what the probe met last.
func unreadyProbe(p *problem, proof proof) *problem {
	kind, message := failedProbe(proof.events, p.from, "Readiness", "Startup")
	if kind == "" {
		return p
	}
	out := *p
	out.cause = fmt.Sprintf("%s: its %s probe fails: %s", p.cause, strings.ToLower(kind), message)
	return &out
}
