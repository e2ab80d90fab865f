package cluster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Some causes are told by events alone. They are read when a pod takes
// suspiciously long, not followed: 200 objects would make thousands of them.

// starting suspects a pod that was given to a node whose containers are not made.
func starting(pod *corev1.Pod) *problem {
	if condition := podCondition(pod, corev1.PodScheduled); condition == nil || condition.Status != corev1.ConditionTrue {
		return nil
	}
	made := func(s corev1.ContainerStatus) bool {
		return s.State.Waiting == nil || s.State.Waiting.Reason != "ContainerCreating" && s.State.Waiting.Reason != "PodInitializing"
	}
	if slices.ContainsFunc(slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses), made) {
		return nil
	}
	return &problem{id: "starting", grace: startGrace, prove: func(_ *problem, proof proof) *problem { return startProblem(pod, proof) }}
}

var missingSource = regexp.MustCompile(`(?i)(configmap|secret|persistentvolumeclaim)s? "([^"]+)" not found`)

// startProblem reads what keeps a pod's containers from being made out of its
// newest warning. What does not exist is final at once, the rest (a volume still
// attached elsewhere, a network still coming up) the second time.
func startProblem(pod *corev1.Pod, proof proof) *problem {
	for _, event := range slices.Backward(proof.events) {
		p := &problem{id: "starting", class: Unschedulable, pod: pod, about: pod}
		message := oneLine(event.Message)
		missing := missingSource.FindStringSubmatch(message)
		switch {
		case event.Type != corev1.EventTypeWarning:
			continue
		case strings.HasPrefix(event.Reason, "Failed") && missing != nil:
			p.class, p.missing, p.try = Misconfigured, true, "add it to the overlay, or correct the name in the pod's volumes"
			p.cause = fmt.Sprintf("pod %s mounts %s %s, which does not exist", pod.Name, missing[1], missing[2])
			return p
		case event.Reason == "FailedMount" && strings.Contains(message, "references non-existent"):
			p.class, p.try = Misconfigured, "add the key, or correct its name in the pod's volumes"
			p.cause = fmt.Sprintf("pod %s mounts a key that does not exist: %s", pod.Name, message)
			return p
		case proof.asked == 0:
			continue
		case event.Reason == "FailedMount", event.Reason == "FailedAttachVolume", event.Reason == "FailedMapVolume":
			p.cause, p.try = fmt.Sprintf("a volume of pod %s cannot be mounted: %s", pod.Name, message), "check the volume, and whether another pod or node still has it"
			return p
		case event.Reason == "FailedCreatePodSandBox", event.Reason == "NetworkNotReady":
			p.cause, p.try = fmt.Sprintf("node %s cannot set up pod %s: %s", pod.Spec.NodeName, pod.Name, message), "look at the node's container runtime and network plugin"
			return p
		}
	}
	return nodeProblem(pod, proof)
}

// killedByProbe tells a container that ends by itself from one that is killed
// because a liveness or startup probe fails: only events say so.
func killedByProbe(container string) func(*problem, proof) *problem {
	return func(p *problem, proof proof) *problem {
		killed := slices.ContainsFunc(proof.events, func(e *corev1.Event) bool {
			return e.Reason == "Killing" && strings.Contains(e.Message, " probe, will be restarted") && strings.HasPrefix(strings.ToLower(e.Message), "container "+p.from+" ")
		})
		kind, message := failedProbe(proof.events, p.from, "Liveness", "Startup")
		if !killed || kind == "" {
			return p
		}
		out := *p
		out.class, out.from = NeverReady, p.from
		out.cause = fmt.Sprintf("%s is killed again and again because its %s probe fails: %s", container, strings.ToLower(kind), message)
		out.try = "check the probe's path, port and times, and what the application does when it is asked"
		return &out
	}
}

// failedProbe returns which of the kinds of probe failed last for a container,
// and the kubelet's words, by its Unhealthy events.
func failedProbe(events []*corev1.Event, container string, kinds ...string) (kind, message string) {
	for _, event := range slices.Backward(events) {
		if event.Reason != "Unhealthy" || !strings.Contains(event.InvolvedObject.FieldPath, "{"+container+"}") {
			continue
		}
		for _, kind := range kinds {
			if rest, ok := strings.CutPrefix(event.Message, kind+" probe "); ok {
				return kind, oneLine(strings.TrimPrefix(strings.TrimPrefix(rest, "failed: "), "errored: "))
			}
		}
	}
	return "", ""
}
