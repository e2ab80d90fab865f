package rollout

import (
	"cmp"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/diagnose"
)

// finding is what is known of a waited object at one moment.
type finding struct {
	lacks    string            // "" when done
	problem  *diagnose.Problem // why it may never be done, or nil
	pods     []*corev1.Pod     // those that must become ready
	again    time.Duration     // when not 0: the lack ends by time alone, look again after this
	patience time.Duration     // when not 0: the lack is waited for so long and no longer
	left     string            // what is told when that is over, or ""
}

// glance is what a judgement is told beside the view.
type glance struct {
	now     time.Time
	written func(types.UID) int64    // generation after our last write: an older one is not judged at all
	fresh   func(*corev1.Event) bool // whether an event was made or repeated during the wait
	ran     diagnose.Ran
}

// judge looks at one object through a view.
func (v *view) judge(t *target, g glance) finding {
	live, ok := v.get(t.kept, t.place, t.object.GetName()).(metav1.Object)
	switch {
	case !ok:
		return finding{lacks: "does not exist"}
	case live.GetGeneration() < g.written(live.GetUID()):
		return finding{lacks: "its new spec is not seen yet"}
	}
	f := t.rule.judge(v, live, g)
	if t.ready != nil && f.lacks == "" {
		f.lacks = t.ready.lacksIn(live)
	}
	if f.problem != nil && f.problem.About == nil {
		f.problem.About = live
	}
	return f
}

func (v *view) judgeDeployment(d *appsv1.Deployment, g glance) finding {
	r := v.rolloutOf(d)
	f := finding{lacks: cmp.Or(deploymentLacks(d, r), digestsLack(r.current)), pods: r.current}
	if f.lacks == "" {
		for _, service := range v.servicesOf(labels.Set(d.Spec.Template.Labels)) {
			f.lacks = cmp.Or(f.lacks, endpointsLack(service, v.slicesOf(service), r.current, r.old, v.knownPods()))
		}
	}
	f.mustHaveRun(g)
	if f.problem = diagnose.Paused(d); f.problem != nil || d.Status.ObservedGeneration < d.Generation || !r.isOf(d) {
		return f // what is seen may be the fault of the version before
	}
	f.problem = diagnose.Gravest(podsProblem(r.current, g), diagnose.ReplicaSetProblem(r.newest), diagnose.Evicted(r.ended), diagnose.Lingering(r.old, g.now))
	f.problem = diagnose.Gravest(f.problem, diagnose.DeploymentProblem(d, r.current, f.problem))
	return f
}

func (v *view) judgeStatefulSet(s *appsv1.StatefulSet, g glance) finding {
	var current, old []*corev1.Pod
	for _, pod := range v.podsOf(s.UID) {
		if pod.Labels[appsv1.ControllerRevisionHashLabelKey] == s.Status.UpdateRevision {
			current = append(current, pod)
		} else {
			old = append(old, pod)
		}
	}
	f := finding{lacks: cmp.Or(statefulSetLacks(s, current), digestsLack(current)), pods: current}
	f.mustHaveRun(g)
	if s.Status.ObservedGeneration < s.Generation {
		return f
	}
	f.problem = diagnose.Gravest(podsProblem(current, g), diagnose.Lingering(old, g.now))
	if f.problem == nil && s.Status.Replicas < ptr.Deref(s.Spec.Replicas, 1) {
		f.problem = v.refused(s.UID, g.fresh)
	}
	return f
}

func (v *view) judgeDaemonSet(d *appsv1.DaemonSet, g glance) finding {
	own := v.podsOf(d.UID)
	f := finding{lacks: cmp.Or(daemonSetLacks(d), digestsLack(own)), pods: own}
	f.mustHaveRun(g)
	if d.Status.ObservedGeneration >= d.Generation {
		f.problem = diagnose.Gravest(v.refused(d.UID, g.fresh), podsProblem(own, g))
	}
	return f
}

func (v *view) judgeJob(j *batchv1.Job, g glance) finding {
	own := v.podsOf(j.UID)
	return finding{lacks: jobLacks(j), pods: own, problem: diagnose.Gravest(diagnose.JobProblem(j, own), v.refused(j.UID, g.fresh), jobPodsProblem(own, g))}
}

func (v *view) judgePod(p *corev1.Pod, g glance) finding {
	own := []*corev1.Pod{p}
	f := finding{lacks: cmp.Or(podLacks(p), digestsLack(own)), pods: own, problem: diagnose.Gravest(diagnose.Failed(p), podsProblem(own, g))}
	if p.Status.Phase != corev1.PodSucceeded {
		f.mustHaveRun(g)
	}
	return f
}

func (v *view) judgeClaim(claim *corev1.PersistentVolumeClaim, _ glance) finding {
	waits := false
	var failed *diagnose.Problem
	for _, event := range v.eventsOf(claim.UID) {
		switch event.Reason {
		case "WaitForFirstConsumer", "WaitForPodScheduled":
			waits = true
		case "ProvisioningFailed", "FailedBinding":
			failed = &diagnose.Problem{Id: "provision", Class: cluster.Unschedulable, Grace: diagnose.ScheduleGrace, Cause: "no volume was provisioned for it: " + cluster.OneLine(event.Message), Try: "check its storage class"}
		}
	}
	return finding{lacks: claimLacks(claim, waits), problem: failed}
}

// mustHaveRun adds to a finding without a lack that of a container which has not
// shown yet that it stays.
func (f *finding) mustHaveRun(g glance) {
	if f.lacks == "" {
		f.lacks, f.again = unprovenLacks(f.pods, g)
	}
}

// refused finds the events by which the controllers without a condition for it
// (StatefulSet, DaemonSet, Job) say that their pods are refused. Such an event
// outlives its cause, so only those made or repeated during the wait count.
func (v *view) refused(owner types.UID, fresh func(*corev1.Event) bool) *diagnose.Problem {
	for _, event := range v.eventsOf(owner) {
		if event.Reason == "FailedCreate" && fresh(event) {
			return diagnose.RefusedPods(event.Message)
		}
	}
	return nil
}

func podsProblem(own []*corev1.Pod, g glance) *diagnose.Problem {
	var found *diagnose.Problem
	for _, pod := range own {
		found = diagnose.Gravest(found, diagnose.PodProblem(pod, g.ran))
	}
	return found
}

// jobPodsProblem leaves crashes to the Job: how often it tries is in its spec.
func jobPodsProblem(own []*corev1.Pod, g glance) *diagnose.Problem {
	if p := podsProblem(own, g); p != nil && p.Class != cluster.Crash {
		return p
	}
	return nil
}
