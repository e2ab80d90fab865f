package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// containerProblem returns what keeps a container from running, or nil. what is
// "container" or "init container".
func containerProblem(pod *corev1.Pod, status corev1.ContainerStatus, what string, has Ran) *Problem {
	if waiting := status.State.Waiting; waiting != nil {
		if p := waitingProblem(status, what+" "+status.Name, *waiting); p != nil {
			return p
		}
	}
	return crash(pod, status, what+" "+status.Name, has)
}

func waitingProblem(status corev1.ContainerStatus, container string, waiting corev1.ContainerStateWaiting) *Problem {
	message := cluster.OneLine(waiting.Message)
	p := &Problem{Id: "crash " + container, Cause: fmt.Sprintf("%s cannot start: %s", container, cmp.Or(startFailure(message), waiting.Reason))}
	switch waiting.Reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable":
		p.Id, p.Class = "pull "+container, cluster.Image
		pullProblem(p, status.Image, waiting.Reason, message)
	case "CreateContainerConfigError":
		p.Id, p.Class, p.Grace, p.Try = "config "+container, cluster.Misconfigured, configGrace, "check the ConfigMaps, Secrets and users that the container refers to"
		p.Missing = strings.Contains(message, "not found")
		if strings.Contains(message, "runAsNonRoot") {
			p.Grace, p.Try = 0, "give the image a USER with a number, or the pod a runAsUser other than 0"
		}
	case "CreateContainerError", "RunContainerError", "StartError":
		p.Class, p.Grace, p.Try = cluster.Crash, CreateGrace, "check the container's command and what it mounts"
	default:
		return nil
	}
	return p
}

// pullProblem tells a registry's fault, which gets a moment, from its refusal.
func pullProblem(p *Problem, image, reason, message string) {
	refusal := func(words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(strings.ToLower(message), word) })
	}
	p.Try = "check the image's name and that the pipeline pushed it"
	switch {
	case reason == "InvalidImageName":
		p.Cause = fmt.Sprintf("image %q cannot be pulled: it is not a valid image name", image)
	case reason == "ErrImageNeverPull":
		p.Cause, p.Try = fmt.Sprintf("image %s cannot be pulled: it is not on the node and imagePullPolicy is Never", image), "set imagePullPolicy to IfNotPresent"
	case refusal("unauthorized", "denied", "forbidden", "authentication required"):
		p.Cause = fmt.Sprintf("image %s cannot be pulled: the registry refuses the cluster's credentials (%s)", image, lastPart(message))
		p.Try = "check the imagePullSecrets of the pod's ServiceAccount, and the image's name"
	case refusal("not found", "manifest unknown", "name unknown"):
		p.Cause = fmt.Sprintf("image %s cannot be pulled: the registry does not have it (%s)", image, lastPart(message))
	default:
		p.Grace = pullGrace
		p.Cause = fmt.Sprintf("image %s cannot be pulled: %s", image, lastPart(message))
		p.Try = "check that the cluster's nodes reach the registry"
	}
}

// lastPart returns the end of a chain of causes, which names the real one.
func lastPart(message string) string {
	parts := strings.Split(message, ": ")
	return strings.Join(parts[max(0, len(parts)-2):], ": ")
}

// startFailure leaves out through whom a container runtime passed the error on.
func startFailure(message string) string {
	message = strings.TrimSuffix(cluster.OneLine(message), ": unknown")
	_, cause, found := strings.Cut(message, "unable to start container process: ")
	if found {
		return cause
	}
	return message
}

// crash returns the problem of a container that ended where it should not have.
// The first time may have been for want of something that starts beside it: it is
// told but final only when the container ended again and crashGrace is over.
func crash(pod *corev1.Pod, status corev1.ContainerStatus, container string, has Ran) *Problem {
	last, ends := status.LastTerminationState.Terminated, int(status.RestartCount)
	if now := status.State.Terminated; now != nil {
		last, ends = now, ends+1
	} else if status.State.Waiting != nil && last != nil {
		ends++
	}
	if last == nil || ends == 0 || recovered(pod, status, has) || concluded(pod, status) {
		return nil
	}
	p := &Problem{Id: "crash " + container, Class: cluster.Crash, From: status.Name, Grace: Open, Try: "read its last log lines"}
	ended := fmt.Sprintf("exit code %d (%s)", last.ExitCode, last.Reason)
	p.Cause = fmt.Sprintf("%s ended with %s and is started again", container, ended)
	if ends > 1 {
		p.Grace = crashGrace
		p.Cause = fmt.Sprintf("%s crashes again and again, with %s", container, ended)
	}
	switch {
	case last.Reason == "OOMKilled":
		p.Cause, p.Try = outOfMemory(pod, status.Name, container), "raise its memory limit, or let it use less"
		return p
	case last.Reason == "ContainerCannotRun" || last.Reason == "StartError":
		p.Grace, p.From = CreateGrace, "" // it never ran, so that nothing beside it can help
		p.Cause, p.Try = fmt.Sprintf("%s cannot start: %s", container, startFailure(last.Message)), "check its command and what it mounts"
		return p
	case last.ExitCode == 0 && ends > 1:
		p.Cause = fmt.Sprintf("%s ends by itself again and again (exit code 0), but it is meant to keep running", container)
		p.Try = "check its command; what is to end belongs into a Job"
	case last.ExitCode == killed && ends > 1:
		if limit := memoryLimit(pod, status.Name); limit != "" { // a runtime may have missed that it was that
			p.Cause += ", as one does that uses more memory than its limit of " + limit
			p.Try = "read its last log lines; if it has none, raise its memory limit, or let it use less"
		}
	}
	if ends > 1 {
		p.Prove = killedByProbe(container)
	}
	return p
}

// recovered reports whether a container that ended before is well now.
func recovered(pod *corev1.Pod, status corev1.ContainerStatus, has Ran) bool {
	return status.State.Running != nil && status.Ready && Unproven(pod, status, has) == 0
}

// concluded reports whether a container has ended as it should, or will not be
// started again, which is its owner's to judge.
func concluded(pod *corev1.Pod, status corev1.ContainerStatus) bool {
	init := slices.ContainsFunc(pod.Status.InitContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == status.Name })
	ended := status.State.Terminated
	return ended != nil && (ended.ExitCode == 0 && (init || pod.Spec.RestartPolicy != corev1.RestartPolicyAlways) || pod.Spec.RestartPolicy == corev1.RestartPolicyNever)
}

// killed is the exit code of what SIGKILL has ended.
const killed = 137

// memoryLimit is a container's own, empty where it has none.
func memoryLimit(pod *corev1.Pod, name string) string {
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if limit, ok := c.Resources.Limits[corev1.ResourceMemory]; ok && c.Name == name {
			return limit.String()
		}
	}
	return ""
}

func outOfMemory(pod *corev1.Pod, name, container string) string {
	if limit := memoryLimit(pod, name); limit != "" {
		return fmt.Sprintf("%s is killed because it uses more memory than its limit of %s (OOMKilled)", container, limit)
	}
	return fmt.Sprintf("%s is killed because its node has no memory left (OOMKilled, it has no limit of its own)", container)
}
