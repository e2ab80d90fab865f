package cluster

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// problem is a reason why an object will not be done. It is final once it has
// lasted for its grace and is proven; until then it may still pass.
type problem struct {
	id      string // stays the same while the problem lasts
	class   Class
	cause   string // "" while it is but a suspicion
	try     string
	grace   time.Duration
	pod     *corev1.Pod   // whose log is evidence, if any
	from    string        // container whose log is evidence, if any
	about   metav1.Object // whose events are evidence; the pod, or the waited object itself
	missing bool          // something it refers to does not exist, which another object may be about to make
	// prove, if not nil, is asked when the grace is over, and again after ever
	// longer times: what the problem really is, or nil when it may still pass.
	prove func(*problem, proof) *problem
}

// proof is what is only asked for when a problem is about to be final.
type proof struct {
	events []*corev1.Event // about the object, oldest first
	asked  int             // how often it was asked before
	node   func(name string) *corev1.Node
}

const (
	pullGrace     = 6 * time.Second  // a registry may fail once
	configGrace   = 8 * time.Second  // a Secret may be made a moment later by a controller
	createGrace   = 3 * time.Second  // quota may be freed by a pod that is just ending
	scheduleGrace = 10 * time.Second // a node may be about to have room
	startGrace    = 8 * time.Second  // volumes and network of a pod are usually there within one or two
	crashGrace    = 10 * time.Second // from the first crash: what it needs may start beside it
	evictedGrace  = 30 * time.Second // a replacement is on its way
	statusGrace   = 10 * time.Second // a controller may say no before it has seen everything
	open          = 24 * time.Hour   // never final before the deadline, but the best explanation there
)

// graceAfter returns the grace after a problem was asked for and not proven.
func (p *problem) graceAfter(asked int) time.Duration {
	if asked == 0 {
		return p.grace
	}
	return max(p.grace, time.Second) << min(asked, 2)
}

// podProblem returns what keeps a pod from becoming ready, or nil.
func podProblem(pod *corev1.Pod, has ran) *problem {
	if pod.DeletionTimestamp != nil {
		return nil
	}
	var found *problem
	for _, status := range pod.Status.InitContainerStatuses {
		found = gravest(found, containerProblem(pod, status, "init container", has))
	}
	for _, status := range pod.Status.ContainerStatuses {
		found = gravest(found, containerProblem(pod, status, "container", has))
	}
	found = gravest(found, unschedulable(pod), starting(pod), silentNode(pod))
	if found != nil {
		found.pod, found.about = pod, pod
	}
	return found
}

// unschedulable is not final while the cluster is making a node for the pod.
func unschedulable(pod *corev1.Pod) *problem {
	condition := podCondition(pod, corev1.PodScheduled)
	if condition == nil || condition.Status != corev1.ConditionFalse || condition.Reason != corev1.PodReasonUnschedulable {
		return nil
	}
	p := &problem{id: "unschedulable", class: Unschedulable, grace: scheduleGrace, try: "lower its requests, or give the cluster a node that fits",
		cause: fmt.Sprintf("pod %s cannot be scheduled: %s", pod.Name, oneLine(condition.Message))}
	if claim := missingClaim.FindStringSubmatch(condition.Message); claim != nil {
		p.class, p.missing, p.try = Misconfigured, true, "add the claim to the overlay, or correct the name in the pod's volumes"
		p.cause = fmt.Sprintf("pod %s mounts PersistentVolumeClaim %s, which does not exist", pod.Name, claim[1])
		return p
	}
	if strings.Contains(condition.Message, "unbound immediate PersistentVolumeClaims") {
		p.try = "check the storage class of its claims and whether the cluster provides volumes for it"
	}
	p.prove = func(p *problem, proof proof) *problem {
		for _, event := range proof.events {
			switch event.Reason { // cluster-autoscaler, Karpenter
			case "TriggeredScaleUp", "Nominated":
				return nil
			}
		}
		return p
	}
	return p
}

var missingClaim = regexp.MustCompile(`persistentvolumeclaim "([^"]+)" not found`)

// silentNode suspects the node of a pod that is not ready though all of its
// containers are: so it is when the node does not report any more.
func silentNode(pod *corev1.Pod) *problem {
	condition := podCondition(pod, corev1.PodReady)
	if condition == nil || condition.Status != corev1.ConditionFalse || len(pod.Spec.ReadinessGates) > 0 || len(pod.Status.ContainerStatuses) == 0 {
		return nil
	}
	for _, status := range pod.Status.ContainerStatuses {
		if !status.Ready {
			return nil
		}
	}
	return &problem{id: "node", grace: startGrace, prove: func(p *problem, proof proof) *problem { return nodeProblem(pod, proof) }}
}

// nodeProblem returns what is wrong with a pod's node, if it is known and has
// been so for a while.
func nodeProblem(pod *corev1.Pod, proof proof) *problem {
	if pod.Spec.NodeName == "" || proof.asked == 0 {
		return nil
	}
	p := &problem{id: "node", class: Unschedulable, pod: pod, about: pod, try: "repair or drain the node; pods that were on it come back on another after some minutes"}
	node := proof.node(pod.Spec.NodeName)
	if node == nil {
		for _, event := range proof.events {
			if event.Reason == "NodeNotReady" {
				p.cause = fmt.Sprintf("node %s, where pod %s is, does not answer: %s", pod.Spec.NodeName, pod.Name, oneLine(event.Message))
				return p
			}
		}
		return nil // who deploys may not be allowed to read nodes
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			p.cause = fmt.Sprintf("node %s, where pod %s is, is not ready: %s", node.Name, pod.Name, oneLine(condition.Message))
			return p
		}
	}
	return nil
}

func podCondition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// confirmTime is how long a node may take to say that a pod whose time is over is gone.
const confirmTime = 5 * time.Second

// lingering explains at the deadline an old pod that should have ended.
func lingering(old []*corev1.Pod, now time.Time) *problem {
	for _, pod := range old {
		if pod.DeletionTimestamp == nil || now.Before(pod.DeletionTimestamp.Add(confirmTime)) {
			continue
		}
		p := &problem{id: "lingering", class: Timeout, grace: open, about: pod, try: "look at the pod's node; kubectl delete pod --force only when it is surely gone",
			cause: fmt.Sprintf("old pod %s does not end: its time is over and node %s has not confirmed that it is gone", pod.Name, pod.Spec.NodeName)}
		if len(pod.Finalizers) > 0 {
			p.cause = fmt.Sprintf("old pod %s does not end: it is held by finalizer %s", pod.Name, strings.Join(pod.Finalizers, ", "))
			p.try = "find out why the controller that set it does not remove it"
		}
		return p
	}
	return nil
}

// gravest returns the problem that is final the soonest, the first of equals.
func gravest(problems ...*problem) *problem {
	var found *problem
	for _, p := range problems {
		if p != nil && (found == nil || p.grace < found.grace) {
			found = p
		}
	}
	return found
}
