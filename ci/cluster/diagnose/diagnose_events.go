package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// Some causes are told by events alone. They are read when a pod takes
// suspiciously long, not followed: 200 objects would make thousands of them.

// starting suspects a pod that was given to a node whose containers are not made.
func starting(pod *corev1.Pod) *Problem {
	if condition := podCondition(pod, corev1.PodScheduled); condition == nil || condition.Status != corev1.ConditionTrue {
		return nil
	}
	made := func(s corev1.ContainerStatus) bool {
		return s.State.Waiting == nil || s.State.Waiting.Reason != "ContainerCreating" && s.State.Waiting.Reason != "PodInitializing"
	}
	if slices.ContainsFunc(slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses), made) {
		return nil
	}
	return &Problem{Id: "starting", Grace: startGrace, Prove: func(_ *Problem, proof Proof) *Problem { return startProblem(pod, proof) }}
}

var missingSource = regexp.MustCompile(`(?i)(configmap|secret|persistentvolumeclaim)s? "([^"]+)" not found`)

// startProblem reads what keeps a pod's containers from being made out of its
// newest warning. What does not exist is final at once, the rest (a volume still
// attached elsewhere, a network still coming up) the second time.
func startProblem(pod *corev1.Pod, proof Proof) *Problem {
	for _, event := range slices.Backward(proof.Events) {
		p := &Problem{Id: "starting", Class: cluster.Unschedulable, Pod: pod, About: pod}
		message := cluster.OneLine(event.Message)
		missing := missingSource.FindStringSubmatch(message)
		switch {
		case event.Type != corev1.EventTypeWarning:
			continue
		case strings.HasPrefix(event.Reason, "Failed") && missing != nil:
			p.Class, p.Missing, p.Try = cluster.Misconfigured, true, "add it to the overlay, or correct the name in the pod's volumes"
			p.Cause = fmt.Sprintf("pod %s mounts %s %s, which does not exist", pod.Name, missing[1], missing[2])
			return p
		case event.Reason == "FailedMount" && strings.Contains(message, "references non-existent"):
			p.Class, p.Try = cluster.Misconfigured, "add the key, or correct its name in the pod's volumes"
			p.Cause = fmt.Sprintf("pod %s mounts a key that does not exist: %s", pod.Name, message)
			return p
		case proof.Asked == 0:
			continue
		case event.Reason == "FailedMount", event.Reason == "FailedAttachVolume", event.Reason == "FailedMapVolume":
			p.Cause, p.Try = fmt.Sprintf("a volume of pod %s cannot be mounted: %s", pod.Name, message), "check the volume, and whether another pod or node still has it"
			return p
		case event.Reason == "FailedCreatePodSandBox", event.Reason == "NetworkNotReady":
			p.Cause, p.Try = fmt.Sprintf("node %s cannot set up pod %s: %s", pod.Spec.NodeName, pod.Name, message), "look at the node's container runtime and network plugin"
			return p
		}
	}
	return nodeProblem(pod, proof)
}

// killedByProbe tells a container that ends by itself from one that is killed
// because a liveness or startup probe fails: only events say so.
func killedByProbe(container string) func(*Problem, Proof) *Problem {
	return func(p *Problem, proof Proof) *Problem {
		killed := slices.ContainsFunc(proof.Events, func(e *corev1.Event) bool {
			return e.Reason == "Killing" && strings.Contains(e.Message, " probe, will be restarted") && strings.HasPrefix(strings.ToLower(e.Message), "container "+p.From+" ")
		})
		kind, message := failedProbe(proof.Events, p.From, "Liveness", "Startup")
		if !killed || kind == "" {
			return p
		}
		out := *p
		out.Class, out.From = cluster.NeverReady, p.From
		out.Cause = fmt.Sprintf("%s is killed again and again because its %s probe fails: %s", container, strings.ToLower(kind), message)
		out.Try = "check the probe's path, port and times, and what the application does when it is asked"
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
				return kind, cluster.OneLine(strings.TrimPrefix(strings.TrimPrefix(rest, "failed: "), "errored: "))
			}
		}
	}
	return "", ""
}
