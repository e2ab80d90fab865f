package cluster

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// finding is what is known of a waited object at one moment.
type finding struct {
	lacks   string   // "" when done
	problem *problem // why it may never be done, or nil
	pods    []*corev1.Pod
}

// judge looks at one object through a view. written is the generation it had
// after our last write: an older one in the view is not judged at all.
func (v *view) judge(object *unstructured.Unstructured, written func(types.UID) int64, fresh func(*corev1.Event) bool) finding {
	gvr := needs[object.GroupVersionKind().GroupKind()][0]
	live, ok := v.get(gvr, object.GetNamespace(), object.GetName()).(metav1.Object)
	if !ok {
		return finding{lacks: "does not exist"}
	}
	if live.GetGeneration() < written(live.GetUID()) {
		return finding{lacks: "its new spec is not seen yet"}
	}
	switch live := live.(type) {
	case *appsv1.Deployment:
		return v.judgeDeployment(live)
	case *appsv1.StatefulSet:
		return v.judgeStatefulSet(live, fresh)
	case *appsv1.DaemonSet:
		own := v.podsOf(live.UID)
		f := finding{lacks: firstOf(daemonSetLacks(live), digestsLack(own)), pods: own}
		if live.Status.ObservedGeneration >= live.Generation {
			f.problem = firstProblem(v.refused(live.UID, fresh), podsProblem(own))
		}
		return f
	case *batchv1.Job:
		own := v.podsOf(live.UID)
		return finding{lacks: jobLacks(live), pods: own, problem: firstProblem(jobProblem(live, own), v.refused(live.UID, fresh), jobPodsProblem(own))}
	case *corev1.Pod:
		own := []*corev1.Pod{live}
		return finding{lacks: firstOf(podLacks(live), digestsLack(own)), pods: own, problem: podsProblem(own)}
	case *corev1.PersistentVolumeClaim:
		return v.judgeClaim(live)
	}
	return finding{lacks: fmt.Sprintf("unexpected type %T", live)}
}

func (v *view) judgeDeployment(d *appsv1.Deployment) finding {
	newest, current, old := v.rollout(d)
	f := finding{lacks: firstOf(deploymentLacks(d, newest, current, old), digestsLack(current)), pods: current}
	if f.lacks == "" {
		for _, service := range v.servicesOf(labels.Set(d.Spec.Template.Labels)) {
			f.lacks = firstOf(f.lacks, endpointsLack(service, v.slicesOf(service), current, old, v.knownPods()))
		}
	}
	if d.Status.ObservedGeneration < d.Generation || newest == nil || newest.Annotations[revisionAnnotation] != d.Annotations[revisionAnnotation] {
		return f // what is seen may be the fault of the version before
	}
	f.problem = firstProblem(podsProblem(current), replicaSetProblem(newest), deploymentProblem(d, current))
	return f
}

func (v *view) judgeStatefulSet(s *appsv1.StatefulSet, fresh func(*corev1.Event) bool) finding {
	var current []*corev1.Pod
	for _, pod := range v.podsOf(s.UID) {
		if pod.Labels[appsv1.ControllerRevisionHashLabelKey] == s.Status.UpdateRevision {
			current = append(current, pod)
		}
	}
	f := finding{lacks: firstOf(statefulSetLacks(s, current), digestsLack(current)), pods: current}
	if s.Status.ObservedGeneration < s.Generation {
		return f
	}
	f.problem = podsProblem(current)
	if f.problem == nil && s.Status.Replicas < ptr.Deref(s.Spec.Replicas, 1) {
		f.problem = v.refused(s.UID, fresh)
	}
	return f
}

func (v *view) judgeClaim(claim *corev1.PersistentVolumeClaim) finding {
	waits := false
	var failed *problem
	for _, event := range v.eventsOf(claim.UID) {
		switch event.Reason {
		case "WaitForFirstConsumer", "WaitForPodScheduled":
			waits = true
		case "ProvisioningFailed", "FailedBinding":
			failed = &problem{id: "provision", class: Unschedulable, grace: scheduleGrace, cause: "no volume for it: " + oneLine(event.Message), try: "check its storage class"}
		}
	}
	return finding{lacks: claimLacks(claim, waits), problem: failed}
}

// refused finds the events by which the controllers without a condition for it
// (StatefulSet, DaemonSet, Job) say that their pods are refused. Such an event
// outlives its cause, so only those made or repeated during the wait count.
func (v *view) refused(owner types.UID, fresh func(*corev1.Event) bool) *problem {
	for _, event := range v.eventsOf(owner) {
		if event.Reason == "FailedCreate" && fresh(event) {
			return refusedPods(event.Message)
		}
	}
	return nil
}

func podsProblem(own []*corev1.Pod) *problem {
	for _, pod := range own {
		if p := podProblem(pod); p != nil {
			return p
		}
	}
	return nil
}

// jobPodsProblem leaves crashes to the Job: how often it tries is in its spec.
func jobPodsProblem(own []*corev1.Pod) *problem {
	if p := podsProblem(own); p != nil && p.class != Crash {
		return p
	}
	return nil
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func firstProblem(problems ...*problem) *problem {
	for _, p := range problems {
		if p != nil {
			return p
		}
	}
	return nil
}

// explain makes the error of a problem, with what was seen as evidence.
func (c *Cluster) explain(ctx context.Context, object *unstructured.Unstructured, p *problem, v *view, secrets []string) *Error {
	out := &Error{Class: p.class, Object: describe(object), Cause: mask(p.cause, secrets), Try: p.try}
	if p.pod == nil {
		return out
	}
	for _, line := range append(eventLines(v.eventsOf(p.pod.UID)), c.logLines(ctx, p.pod, p.from)...) {
		out.Evidence = append(out.Evidence, mask(line, secrets))
	}
	return out
}
