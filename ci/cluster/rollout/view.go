package rollout

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
)

// view is what the informers of one namespace know, read as a whole.
type view struct {
	informers map[schema.GroupVersionResource]*informer.Informer
	services  []*unstructured.Unstructured // those among the objects, to see which lead to a pod template
}

// synced reports whether everything that is needed is known. Events are evidence
// only: without the right to read them the wait goes on.
func (v *view) synced(ctx context.Context, namespace string) (bool, error) {
	for gvr, informer := range v.informers {
		ok, err := informer.Ready()
		switch {
		case err != nil && gvr != cluster.Events:
			return false, unwatchable(ctx, gvr, namespace, err)
		case err == nil && !ok:
			return false, nil
		}
	}
	return true, nil
}

// unwatchable names the right that is missing.
func unwatchable(ctx context.Context, gvr schema.GroupVersionResource, namespace string, err error) error {
	out := cluster.FromAPI(ctx, strings.TrimSuffix(gvr.Resource+" in "+namespace, " in "), "watch", err)
	if known := (*cluster.Error)(nil); errors.As(out, &known) && apierrors.IsForbidden(err) {
		known.Try = "let the credentials list and watch " + gvr.GroupResource().String() + ", without which it cannot be known whether the deploy is done"
	}
	return out
}

// current reports whether all informers hear of changes; if not, after what time
// it is worth asking again.
func (v *view) current(now time.Time) (left time.Duration, ok bool) {
	ok = true
	for gvr, informer := range v.informers {
		if wait, heard := informer.Current(now); !heard && gvr != cluster.Events {
			left, ok = max(left, wait), false
		}
	}
	return left, ok
}

func (v *view) get(gvr schema.GroupVersionResource, namespace, name string) any {
	key := name
	if namespace != "" {
		key = namespace + "/" + name
	}
	object, _, _ := v.informers[gvr].GetByKey(key)
	return object
}

func (v *view) podsOf(owner types.UID) []*corev1.Pod {
	found, _ := v.informers[cluster.Pods].ByIndex(informer.ByOwner, string(owner))
	return informer.ListOf[*corev1.Pod](found)
}

// knownPods returns the uids of all pods of the namespace.
func (v *view) knownPods() map[types.UID]bool {
	known := map[types.UID]bool{}
	for _, pod := range informer.ListOf[*corev1.Pod](v.informers[cluster.Pods].List()) {
		known[pod.UID] = true
	}
	return known
}

// rollout is a Deployment with its pods.
type rollout struct {
	newest  *appsv1.ReplicaSet // by revision
	current []*corev1.Pod      // of the newest ReplicaSet
	old     []*corev1.Pod      // of the others
	ended   []*corev1.Pod      // of the newest, ended by themselves, e.g. evicted; only their objects are left
}

func (v *view) rolloutOf(d *appsv1.Deployment) rollout {
	found, _ := v.informers[cluster.ReplicaSets].ByIndex(informer.ByOwner, string(d.UID))
	sets := informer.ListOf[*appsv1.ReplicaSet](found)
	var r rollout
	for _, set := range sets {
		if r.newest == nil || revision(set) > revision(r.newest) {
			r.newest = set
		}
	}
	for _, set := range sets {
		for _, pod := range v.podsOf(set.UID) {
			switch {
			case over(pod) && set == r.newest:
				r.ended = append(r.ended, pod)
			case over(pod) && pod.DeletionTimestamp == nil: // thrown out before; nobody will remove it soon
			case set == r.newest:
				r.current = append(r.current, pod)
			default:
				r.old = append(r.old, pod)
			}
		}
	}
	return r
}

// over reports whether a pod has ended: only its object is left.
func over(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

func revision(set *appsv1.ReplicaSet) int64 {
	n, _ := strconv.ParseInt(set.Annotations[RevisionAnnotation], 10, 64)
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
	for _, slice := range informer.ListOf[*discoveryv1.EndpointSlice](v.informers[cluster.EndpointSlices].List()) {
		if slice.Labels[discoveryv1.LabelServiceName] == service {
			out = append(out, slice)
		}
	}
	return out
}

// eventsOf returns the events about an object, as far as events are followed.
func (v *view) eventsOf(uid types.UID) []*corev1.Event {
	if v.informers[cluster.Events] == nil {
		return nil
	}
	var out []*corev1.Event
	for _, event := range informer.ListOf[*corev1.Event](v.informers[cluster.Events].List()) {
		if event.InvolvedObject.UID == uid {
			out = append(out, event)
		}
	}
	return out
}

// newView starts the informers that the targets of a place need: all of a kind
// where many are wanted or some are found by their owner, else the one by name.
func newView(ctx context.Context, w *informer.Watcher, place string, targets []*target, routing []*unstructured.Unstructured) (*view, error) {
	v := &view{informers: map[schema.GroupVersionResource]*informer.Informer{}, services: routing}
	wanted := map[schema.GroupVersionResource]metav1.ListOptions{}
	for _, t := range targets {
		if _, twice := wanted[t.kept]; twice {
			wanted[t.kept] = metav1.ListOptions{}
		} else {
			wanted[t.kept] = metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", t.object.GetName()).String()}
		}
	}
	for _, t := range targets {
		for _, gvr := range t.rule.also {
			wanted[gvr] = metav1.ListOptions{}
		}
		if t.kept == cluster.Deployments && len(v.servicesOf(templateLabels(t.object))) > 0 {
			wanted[cluster.EndpointSlices] = metav1.ListOptions{}
		}
		if followed, ok := wanted[cluster.Events]; t.rule.events && (!ok || followed.FieldSelector != "") {
			wanted[cluster.Events] = metav1.ListOptions{FieldSelector: "type=Warning"}
			if t.kept == cluster.Claims {
				wanted[cluster.Events] = metav1.ListOptions{} // WaitForFirstConsumer is a normal event
			}
		}
	}
	for gvr, selectors := range wanted {
		var err error
		if v.informers[gvr], err = w.Follow(ctx, gvr, place, selectors); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func templateLabels(object *unstructured.Unstructured) labels.Set {
	out, _, _ := unstructured.NestedStringMap(object.Object, "spec", "template", "metadata", "labels")
	return out
}
