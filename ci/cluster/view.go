package cluster

import (
	"context"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

var (
	deployments    = appsv1.SchemeGroupVersion.WithResource("deployments")
	replicaSets    = appsv1.SchemeGroupVersion.WithResource("replicasets")
	statefulSets   = appsv1.SchemeGroupVersion.WithResource("statefulsets")
	daemonSets     = appsv1.SchemeGroupVersion.WithResource("daemonsets")
	jobs           = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
	pods           = corev1.SchemeGroupVersion.WithResource("pods")
	claims         = corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims")
	events         = corev1.SchemeGroupVersion.WithResource("events")
	endpointSlices = discoveryv1.SchemeGroupVersion.WithResource("endpointslices")
	leases         = coordinationv1.SchemeGroupVersion.WithResource("leases")
)

// needs lists what must be watched to judge an object of a kind, its own
// resource first. A kind that is not here is done once it is written.
var needs = map[schema.GroupKind][]schema.GroupVersionResource{
	{Group: "apps", Kind: "Deployment"}:        {deployments, replicaSets, pods, endpointSlices},
	{Group: "apps", Kind: "StatefulSet"}:       {statefulSets, pods},
	{Group: "apps", Kind: "DaemonSet"}:         {daemonSets, pods},
	{Group: "batch", Kind: "Job"}:              {jobs, pods},
	{Group: "", Kind: "Pod"}:                   {pods},
	{Group: "", Kind: "PersistentVolumeClaim"}: {claims},
}

// view is what the informers of one namespace know, read as a whole.
type view struct {
	informers map[schema.GroupVersionResource]*informer
	services  []*unstructured.Unstructured // those among the waited objects
}

// synced reports whether everything that is needed is known. Events are evidence
// only: without the right to read them the wait goes on.
func (v *view) synced(ctx context.Context, namespace string) (bool, error) {
	for gvr, informer := range v.informers {
		ok, err := informer.ready()
		switch {
		case err != nil && gvr != events:
			return false, fromAPI(ctx, gvr.Resource+" in "+namespace, "watch", err)
		case err == nil && !ok:
			return false, nil
		}
	}
	return true, nil
}

func (v *view) get(gvr schema.GroupVersionResource, namespace, name string) any {
	object, _, _ := v.informers[gvr].GetByKey(namespace + "/" + name)
	return object
}

func (v *view) podsOf(owner types.UID) []*corev1.Pod {
	found, _ := v.informers[pods].ByIndex(byOwner, string(owner))
	return listOf[*corev1.Pod](found)
}

// knownPods returns the uids of all pods of the namespace.
func (v *view) knownPods() map[types.UID]bool {
	known := map[types.UID]bool{}
	for _, pod := range listOf[*corev1.Pod](v.informers[pods].List()) {
		known[pod.UID] = true
	}
	return known
}

// rollout splits a Deployment's pods into those of its newest ReplicaSet, by
// revision, and the old ones. Pods that ended by themselves count for neither.
func (v *view) rollout(d *appsv1.Deployment) (newest *appsv1.ReplicaSet, current, old []*corev1.Pod) {
	found, _ := v.informers[replicaSets].ByIndex(byOwner, string(d.UID))
	sets := listOf[*appsv1.ReplicaSet](found)
	for _, set := range sets {
		if newest == nil || revision(set) > revision(newest) {
			newest = set
		}
	}
	for _, set := range sets {
		for _, pod := range v.podsOf(set.UID) {
			switch {
			case pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded:
			case set == newest:
				current = append(current, pod)
			default:
				old = append(old, pod)
			}
		}
	}
	return newest, current, old
}

func revision(set *appsv1.ReplicaSet) int64 {
	n, _ := strconv.ParseInt(set.Annotations[revisionAnnotation], 10, 64)
	return n
}

// servicesOf returns the names of the waited Services that select a pod template.
func (v *view) servicesOf(template labels.Set) []string {
	var out []string
	for _, service := range v.services {
		selector, _, _ := unstructured.NestedStringMap(service.Object, "spec", "selector")
		if len(selector) > 0 && labels.SelectorFromSet(selector).Matches(template) {
			out = append(out, service.GetName())
		}
	}
	return out
}

func (v *view) slicesOf(service string) []*discoveryv1.EndpointSlice {
	var out []*discoveryv1.EndpointSlice
	for _, slice := range listOf[*discoveryv1.EndpointSlice](v.informers[endpointSlices].List()) {
		if slice.Labels[discoveryv1.LabelServiceName] == service {
			out = append(out, slice)
		}
	}
	return out
}

// eventsOf returns the events about an object.
func (v *view) eventsOf(uid types.UID) []*corev1.Event {
	var out []*corev1.Event
	for _, event := range listOf[*corev1.Event](v.informers[events].List()) {
		if event.InvolvedObject.UID == uid {
			out = append(out, event)
		}
	}
	return out
}

// newView starts the informers that a namespace's objects need.
func (w *watcher) newView(ctx context.Context, namespace string, objects []*unstructured.Unstructured) (*view, error) {
	v := &view{informers: map[schema.GroupVersionResource]*informer{}}
	follow := func(gvr schema.GroupVersionResource, selectors metav1.ListOptions) (err error) {
		if v.informers[gvr] == nil {
			v.informers[gvr], err = w.follow(ctx, gvr, namespace, selectors)
		}
		return err
	}
	wanted := metav1.ListOptions{FieldSelector: "type=Warning"}
	for _, object := range objects {
		if object.GetKind() == "Service" {
			v.services = append(v.services, object)
		}
		for _, gvr := range needs[object.GroupVersionKind().GroupKind()] {
			if err := follow(gvr, metav1.ListOptions{}); err != nil {
				return nil, err
			}
			if gvr == claims {
				wanted.FieldSelector = "" // WaitForFirstConsumer is a normal event
			}
		}
	}
	return v, follow(events, wanted)
}
