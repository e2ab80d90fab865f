// Package diagnose says why a workload is not ready, from its pods, events and logs.
// It does not wait and does not write.
package diagnose

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// Problem is a reason why an object will not be done. It is final once it has
// lasted for its grace and is proven; until then it may still pass.
type Problem struct {
	Id      string // stays the same while the problem lasts
	Class   cluster.Class
	Cause   string // "" while it is but a suspicion
	Try     string
	Grace   time.Duration
	Pod     *corev1.Pod   // whose log is evidence, if any
	From    string        // container whose log is evidence, if any
	About   metav1.Object // whose events are evidence; the pod, or the waited object itself
	Missing bool          // something it refers to does not exist, which another object may be about to make
	// prove, if not nil, is asked when the grace is over, and again after ever
	// longer times: what the problem really is, or nil when it may still pass.
	Prove func(*Problem, Proof) *Problem
}

// Proof is what is only asked for when a problem is about to be final.
type Proof struct {
	Events []*corev1.Event // about the object, oldest first
	Asked  int             // how often it was asked before
	Node   func(name string) *corev1.Node
}

const (
	pullGrace     = 6 * time.Second  // a registry may fail once
	configGrace   = 8 * time.Second  // a Secret may be made a moment later by a controller
	CreateGrace   = 3 * time.Second  // quota may be freed by a pod that is just ending
	ScheduleGrace = 10 * time.Second // a node may be about to have room
	startGrace    = 8 * time.Second  // volumes and network of a pod are usually there within one or two
	crashGrace    = 10 * time.Second // from the first crash: what it needs may start beside it
	evictedGrace  = 30 * time.Second // a replacement is on its way
	StatusGrace   = 10 * time.Second // a controller may say no before it has seen everything
	Open          = 24 * time.Hour   // never final before the deadline, but the best explanation there
)

// GraceAfter returns the grace after a problem was asked for and not proven.
func (p *Problem) GraceAfter(asked int) time.Duration {
	if asked == 0 {
		return p.Grace
	}
	return max(p.Grace, time.Second) << min(asked, 2)
}

// PodProblem returns what keeps a pod from becoming ready, or nil.
func PodProblem(pod *corev1.Pod, has Ran) *Problem {
	if pod.DeletionTimestamp != nil {
		return nil
	}
	var found *Problem
	for _, status := range pod.Status.InitContainerStatuses {
		found = Gravest(found, containerProblem(pod, status, "init container", has))
	}
	for _, status := range pod.Status.ContainerStatuses {
		found = Gravest(found, containerProblem(pod, status, "container", has))
	}
	found = Gravest(found, unschedulable(pod), starting(pod), silentNode(pod))
	if found != nil {
		found.Pod, found.About = pod, pod
	}
	return found
}

// unschedulable is not final while the cluster is making a node for the pod.
func unschedulable(pod *corev1.Pod) *Problem {
	condition := podCondition(pod, corev1.PodScheduled)
	if condition == nil || condition.Status != corev1.ConditionFalse || condition.Reason != corev1.PodReasonUnschedulable {
		return nil
	}
	p := &Problem{Id: "unschedulable", Class: cluster.Unschedulable, Grace: ScheduleGrace, Try: "lower its requests, or give the cluster a node that fits",
		Cause: fmt.Sprintf("pod %s cannot be scheduled: %s", pod.Name, cluster.OneLine(condition.Message))}
	if claim := missingClaim.FindStringSubmatch(condition.Message); claim != nil {
		p.Class, p.Missing, p.Try = cluster.Misconfigured, true, "add the claim to the overlay, or correct the name in the pod's volumes"
		p.Cause = fmt.Sprintf("pod %s mounts PersistentVolumeClaim %s, which does not exist", pod.Name, claim[1])
		return p
	}
	if strings.Contains(condition.Message, "unbound immediate PersistentVolumeClaims") {
		p.Try = "check the storage class of its claims and whether the cluster provides volumes for it"
	}
	p.Prove = func(p *Problem, proof Proof) *Problem {
		for _, event := range proof.Events {
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
func silentNode(pod *corev1.Pod) *Problem {
	condition := podCondition(pod, corev1.PodReady)
	if condition == nil || condition.Status != corev1.ConditionFalse || len(pod.Spec.ReadinessGates) > 0 || len(pod.Status.ContainerStatuses) == 0 {
		return nil
	}
	for _, status := range pod.Status.ContainerStatuses {
		if !status.Ready {
			return nil
		}
	}
	return &Problem{Id: "node", Grace: startGrace, Prove: func(p *Problem, proof Proof) *Problem { return nodeProblem(pod, proof) }}
}

// nodeProblem returns what is wrong with a pod's node, if it is known and has
// been so for a while.
func nodeProblem(pod *corev1.Pod, proof Proof) *Problem {
	if pod.Spec.NodeName == "" || proof.Asked == 0 {
		return nil
	}
	p := &Problem{Id: "node", Class: cluster.Unschedulable, Pod: pod, About: pod, Try: "repair or drain the node; pods that were on it come back on another after some minutes"}
	node := proof.Node(pod.Spec.NodeName)
	if node == nil {
		for _, event := range proof.Events {
			if event.Reason == "NodeNotReady" {
				p.Cause = fmt.Sprintf("node %s, where pod %s is, does not answer: %s", pod.Spec.NodeName, pod.Name, cluster.OneLine(event.Message))
				return p
			}
		}
		return nil // who deploys may not be allowed to read nodes
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			p.Cause = fmt.Sprintf("node %s, where pod %s is, is not ready: %s", node.Name, pod.Name, cluster.OneLine(condition.Message))
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

// Lingering explains at the deadline an old pod that should have ended.
func Lingering(old []*corev1.Pod, now time.Time) *Problem {
	for _, pod := range old {
		if pod.DeletionTimestamp == nil || now.Before(pod.DeletionTimestamp.Add(confirmTime)) {
			continue
		}
		p := &Problem{Id: "lingering", Class: cluster.Timeout, Grace: Open, About: pod, Try: "look at the pod's node; kubectl delete pod --force only when it is surely gone",
			Cause: fmt.Sprintf("old pod %s does not terminate: its grace period is over and node %s has not confirmed that it is gone", pod.Name, pod.Spec.NodeName)}
		if len(pod.Finalizers) > 0 {
			p.Cause = fmt.Sprintf("old pod %s does not terminate: it is held by finalizer %s", pod.Name, strings.Join(pod.Finalizers, ", "))
			p.Try = "find out why the controller that set it does not remove it"
		}
		return p
	}
	return nil
}

// Gravest returns the problem that is final the soonest, the first of equals.
func Gravest(problems ...*Problem) *Problem {
	var found *Problem
	for _, p := range problems {
		if p != nil && (found == nil || p.Grace < found.Grace) {
			found = p
		}
	}
	return found
}
