package diagnose

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// ReplicaSetProblem returns why a ReplicaSet cannot make its pods, or nil.
func ReplicaSetProblem(set *appsv1.ReplicaSet) *Problem {
	for _, condition := range set.Status.Conditions {
		if condition.Type == appsv1.ReplicaSetReplicaFailure && condition.Status == corev1.ConditionTrue {
			return RefusedPods(condition.Message)
		}
	}
	return nil
}

// RefusedPods reports that a controller's pods are refused: by a quota, Pod
// Security, a webhook, a missing service account.
func RefusedPods(message string) *Problem {
	p := &Problem{Id: "refused", Class: cluster.Admission, Grace: CreateGrace, Cause: "its pods are refused: " + cluster.OneLine(message)}
	switch {
	case strings.Contains(message, "exceeded quota"):
		p.Try = "free some of the quota, or ask an administrator for more"
	case strings.Contains(message, "violates PodSecurity"):
		p.Try = "set the named fields in the pod's securityContext"
	case strings.Contains(message, "failed calling webhook"):
		p.Grace, p.Try = StatusGrace, "see why the webhook's own pods do not answer"
	case strings.Contains(message, "serviceaccount") && strings.Contains(message, "not found"):
		p.Class, p.Grace, p.Missing, p.Try = cluster.Misconfigured, configGrace, true, "add the ServiceAccount to the overlay, or correct its name"
	case strings.Contains(message, "usage per Container is"), strings.Contains(message, "usage per Pod is"):
		p.Try = "keep its requests and limits within the namespace's LimitRange"
	}
	return p
}

// DeploymentProblem returns why the Deployment as a whole will not proceed. of is
// the problem that was found among its pods, if any.
func DeploymentProblem(d *appsv1.Deployment, current []*corev1.Pod, of *Problem) *Problem {
	for _, condition := range d.Status.Conditions {
		if condition.Type != appsv1.DeploymentProgressing || condition.Status != corev1.ConditionFalse || condition.Reason != "ProgressDeadlineExceeded" {
			continue
		}
		p := &Problem{Id: "progress", Class: cluster.Timeout, Cause: fmt.Sprintf("made no progress for its progressDeadlineSeconds of %d", ptr.Deref(d.Spec.ProgressDeadlineSeconds, 600))}
		if late := NotReady(current); late != nil {
			p = late
		} else if of != nil && of.Cause != "" {
			p = of
		}
		final := *p
		final.Grace = 0
		return &final
	}
	return nil
}

func Paused(d *appsv1.Deployment) *Problem {
	if !d.Spec.Paused {
		return nil
	}
	return &Problem{Id: "paused", Class: cluster.Misconfigured, Cause: "is paused, so that nothing is rolled out", Try: "remove spec.paused from the overlay, or kubectl rollout resume"}
}

// Evicted reports pods that their nodes threw out and that were not replaced.
func Evicted(ended []*corev1.Pod) *Problem {
	for _, pod := range ended {
		if pod.Status.Phase == corev1.PodFailed && pod.Status.Reason != "" {
			return &Problem{Id: "evicted", Class: cluster.Unschedulable, Grace: evictedGrace, About: pod, Try: "see what the node lacks, and set the pod's requests to what it really uses",
				Cause: fmt.Sprintf("pod %s was evicted from node %s (%s): %s", pod.Name, pod.Spec.NodeName, pod.Status.Reason, cluster.OneLine(pod.Status.Message))}
		}
	}
	return nil
}

// Failed reports a pod without an owner that has ended for good.
func Failed(pod *corev1.Pod) *Problem {
	if pod.Status.Phase != corev1.PodFailed {
		return nil
	}
	if p := Evicted([]*corev1.Pod{pod}); p != nil {
		p.Grace = 0
		return p
	}
	p := &Problem{Id: "failed", Class: cluster.Crash, Pod: pod, About: pod, Cause: "failed", Try: "read its last log lines"}
	describeEnd(p, pod)
	return p
}

// JobProblem returns why a Job failed, or nil. FailureTarget comes as soon as that
// is certain, Failed only when its last pod has ended.
func JobProblem(j *batchv1.Job, own []*corev1.Pod) *Problem {
	if ptr.Deref(j.Spec.Suspend, false) {
		return &Problem{Id: "suspended", Class: cluster.Misconfigured, Cause: "is suspended, so that it does not run", Try: "set suspend to false"}
	}
	for _, condition := range j.Status.Conditions {
		if condition.Type != batchv1.JobFailed && condition.Type != batchv1.JobFailureTarget || condition.Status != corev1.ConditionTrue {
			continue
		}
		p := &Problem{Id: "failed", Class: cluster.Crash, Cause: "failed: " + cluster.OneLine(condition.Message), Try: "read its last log lines"}
		switch condition.Reason {
		case batchv1.JobReasonDeadlineExceeded:
			p.Cause = fmt.Sprintf("failed: it was not complete after its activeDeadlineSeconds of %d", ptr.Deref(j.Spec.ActiveDeadlineSeconds, 0))
			p.Try = "give it longer, or less to do"
		case batchv1.JobReasonBackoffLimitExceeded:
			p.Cause = fmt.Sprintf("failed after its backoffLimit of %d", ptr.Deref(j.Spec.BackoffLimit, 6))
		}
		for _, pod := range own {
			describeEnd(p, pod)
		}
		return p
	}
	return nil
}

// describeEnd adds how a pod's container ended to a problem, if one did badly.
func describeEnd(p *Problem, pod *corev1.Pod) {
	for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		ended := status.State.Terminated
		if ended == nil {
			ended = status.LastTerminationState.Terminated
		}
		if ended == nil || ended.ExitCode == 0 || p.From != "" {
			continue
		}
		p.Pod, p.About, p.From = pod, pod, status.Name
		p.Cause += fmt.Sprintf("; container %s of pod %s ended with exit code %d (%s)", status.Name, pod.Name, ended.ExitCode, ended.Reason)
		if ended.Reason == "OOMKilled" {
			p.Cause += ", " + outOfMemory(pod, status.Name, "it")
			p.Try = "raise its memory limit, or let it use less"
		}
	}
}

// NotReady returns the problem of a pod that runs without being ready, or nil. It
// is final only when the time is over, so it is asked for then.
func NotReady(own []*corev1.Pod) *Problem {
	for _, pod := range own {
		if pod.DeletionTimestamp != nil {
			continue
		}
		for _, status := range pod.Status.ContainerStatuses {
			if status.State.Running != nil && !status.Ready {
				return &Problem{Id: "not ready", Class: cluster.NeverReady, Pod: pod, About: pod, From: status.Name, Prove: unreadyProbe,
					Cause: fmt.Sprintf("container %s of pod %s runs but never became ready", status.Name, pod.Name),
					Try:   "check its readiness probe and what the application waits for"}
			}
		}
		for _, gate := range pod.Spec.ReadinessGates {
			if condition := podCondition(pod, gate.ConditionType); condition == nil || condition.Status != corev1.ConditionTrue {
				return &Problem{Id: "not ready", Class: cluster.NeverReady, Pod: pod, About: pod, Try: "see why the controller that sets it does not",
					Cause: fmt.Sprintf("pod %s runs but its readiness gate %s is not true", pod.Name, gate.ConditionType)}
			}
		}
	}
	return nil
}

// unreadyProbe adds what the probe met last.
func unreadyProbe(p *Problem, proof Proof) *Problem {
	kind, message := failedProbe(proof.Events, p.From, "Readiness", "Startup")
	if kind == "" {
		return p
	}
	out := *p
	out.Cause = fmt.Sprintf("%s: its %s probe fails: %s", p.Cause, strings.ToLower(kind), message)
	return &out
}
