package cluster

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// problem is a reason why an object will not be done. It is final once it has
// lasted for its grace; until then it may still pass.
type problem struct {
	id    string // stays the same while the problem lasts
	class Class
	cause string
	try   string
	grace time.Duration
	pod   *corev1.Pod // whose logs and events are evidence, if any
	from  string      // container whose log is evidence, if any
}

const (
	pullGrace     = 6 * time.Second  // a registry may fail once
	configGrace   = 10 * time.Second // a Secret may be made a moment later by a controller
	createGrace   = 3 * time.Second  // quota may be freed by a pod that is just ending
	scheduleGrace = 10 * time.Second // a node may be about to have room
)

// podProblem returns what keeps a pod from becoming ready, or nil.
func podProblem(pod *corev1.Pod) *problem {
	if pod.DeletionTimestamp != nil {
		return nil
	}
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, status := range statuses {
			if p := containerProblem(pod, status); p != nil {
				return p
			}
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse && condition.Reason == corev1.PodReasonUnschedulable {
			return &problem{id: "unschedulable", class: Unschedulable, grace: scheduleGrace, pod: pod,
				cause: fmt.Sprintf("pod %s cannot be scheduled: %s", pod.Name, oneLine(condition.Message)),
				try:   "lower its requests, or give the cluster a node that fits"}
		}
	}
	return nil
}

func containerProblem(pod *corev1.Pod, status corev1.ContainerStatus) *problem {
	p := &problem{id: status.Name, pod: pod}
	if waiting := status.State.Waiting; waiting != nil {
		p.cause = fmt.Sprintf("container %s: %s: %s", status.Name, waiting.Reason, oneLine(waiting.Message))
		switch waiting.Reason {
		case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable":
			p.class, p.try = Image, "check that the image exists and that the cluster may pull it"
			p.cause = fmt.Sprintf("image %s cannot be pulled: %s", status.Image, oneLine(waiting.Message))
			p.grace = pullGraceOf(waiting.Reason, waiting.Message)
			return p
		case "CreateContainerConfigError":
			p.class, p.grace, p.try = Misconfigured, configGrace, "check the ConfigMaps and Secrets that the container refers to"
			return p
		case "CreateContainerError", "RunContainerError", "StartError":
			p.class, p.grace = Crash, createGrace
			return p
		case "CrashLoopBackOff":
			return crash(p, status)
		}
	}
	if status.RestartCount >= 2 && !status.Ready && status.LastTerminationState.Terminated != nil {
		return crash(p, status)
	}
	return nil
}

// pullGraceOf gives a registry's fault a moment and its refusal none.
func pullGraceOf(reason, message string) time.Duration {
	if reason == "InvalidImageName" || reason == "ErrImageNeverPull" {
		return 0
	}
	for _, refusal := range []string{"not found", "manifest unknown", "unauthorized", "denied", "forbidden"} {
		if strings.Contains(strings.ToLower(message), refusal) {
			return 0
		}
	}
	return pullGrace
}

func crash(p *problem, status corev1.ContainerStatus) *problem {
	p.class, p.from, p.try = Crash, status.Name, "read its last log lines"
	p.cause = fmt.Sprintf("container %s keeps ending", status.Name)
	if last := status.LastTerminationState.Terminated; last != nil {
		p.cause = fmt.Sprintf("container %s keeps ending with exit code %d (%s)", status.Name, last.ExitCode, last.Reason)
		if last.Reason == "OOMKilled" {
			p.try = "raise its memory limit, or let it use less"
		}
	}
	return p
}

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
	}
	return p
}

// deploymentProblem returns why the Deployment as a whole will not proceed.
func deploymentProblem(d *appsv1.Deployment, current []*corev1.Pod) *problem {
	if d.Spec.Paused {
		return &problem{id: "paused", class: Misconfigured, cause: "is paused, so that nothing is rolled out", try: "kubectl rollout resume"}
	}
	for _, condition := range d.Status.Conditions {
		if condition.Type == appsv1.DeploymentProgressing && condition.Status == corev1.ConditionFalse && condition.Reason == "ProgressDeadlineExceeded" {
			if p := notReady(current); p != nil {
				return p
			}
			return &problem{id: "progress", class: Timeout, cause: oneLine(condition.Message)}
		}
	}
	return nil
}

// jobProblem returns why a Job failed, or nil.
func jobProblem(j *batchv1.Job, own []*corev1.Pod) *problem {
	for _, condition := range j.Status.Conditions {
		if condition.Type == batchv1.JobFailed && condition.Status == corev1.ConditionTrue {
			p := &problem{id: "failed", class: Crash, cause: "failed: " + oneLine(condition.Message), try: "read its last log lines"}
			for _, pod := range own {
				if pod.Status.Phase == corev1.PodFailed && len(pod.Spec.Containers) > 0 {
					p.pod, p.from = pod, pod.Spec.Containers[0].Name
				}
			}
			return p
		}
	}
	return nil
}

// notReady returns the problem of a pod that runs without being ready, or nil. It
// is final only when the time is over, so it is asked for then.
func notReady(own []*corev1.Pod) *problem {
	for _, pod := range own {
		for _, status := range pod.Status.ContainerStatuses {
			if pod.DeletionTimestamp == nil && status.State.Running != nil && !status.Ready {
				return &problem{id: "not ready", class: NeverReady, pod: pod, from: status.Name,
					cause: fmt.Sprintf("container %s of pod %s runs but never became ready", status.Name, pod.Name),
					try:   "check its readiness probe and what the application waits for"}
			}
		}
	}
	return nil
}
