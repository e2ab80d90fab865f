package runs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/informer"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/route"
)

// swept lists the kinds among which a run's objects are looked for by label: what
// overlays hold, and what controllers make of it. Everything else that a run
// applied is still collected through its owner.
var swept = []schema.GroupVersionResource{
	cluster.ConfigMaps, cluster.Pods, cluster.Claims, cluster.ReplicaSets, cluster.Deployments, cluster.StatefulSets, cluster.DaemonSets, cluster.Jobs, cluster.EndpointSlices,
	corev1.SchemeGroupVersion.WithResource("secrets"),
	corev1.SchemeGroupVersion.WithResource("services"),
	corev1.SchemeGroupVersion.WithResource("serviceaccounts"),
	appsv1.SchemeGroupVersion.WithResource("controllerrevisions"),
	batchv1.SchemeGroupVersion.WithResource("cronjobs"),
	autoscalingv2.SchemeGroupVersion.WithResource("horizontalpodautoscalers"),
	networkingv1.SchemeGroupVersion.WithResource("ingresses"),
	networkingv1.SchemeGroupVersion.WithResource("networkpolicies"),
	policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"),
	rbacv1.SchemeGroupVersion.WithResource("roles"),
	rbacv1.SchemeGroupVersion.WithResource("rolebindings"),
}

// defined are kinds that a cluster need not have. They are deleted outright: the garbage
// collector looks for new kinds twice a minute, and until then a beta would stay routed.
var defined = func() []schema.GroupVersionResource {
	out := []schema.GroupVersionResource{cluster.Gateways}
	for _, kind := range route.Kinds {
		if kind.Resource != cluster.Ingresses {
			out = append(out, kind.Resource)
		}
	}
	return out
}()

// Delete removes a run's record and everything in the namespace that the run
// owns or labelled, and returns when all of it is gone, pods included. Doing it
// again, or for a run that never was, is no error. Kinds that the credentials may
// not read are left to the record's owner references; ConfigMaps and Pods they
// must be able to read.
//
// It returns what it found, as "deployment api-RUN", also with an error. progress, if
// not nil, hears what is still there while that lasts.
func Delete(ctx context.Context, c *cluster.Cluster, namespace, run string, progress func(object, state string)) (found []string, err error) {
	if run == "" {
		return nil, &cluster.Error{Class: cluster.Misconfigured, Object: "run", Cause: "has no id"}
	}
	w := informer.NewWatcher(c)
	inner := w.Open(ctx)
	defer w.Close()
	sweep := &sweep{cluster: c, namespace: namespace, informers: map[schema.GroupVersionResource]*informer.Informer{}, asked: map[types.UID]bool{}}
	selector := metav1.ListOptions{LabelSelector: labels.SelectorFromSet(labels.Set{managed.LabelRun: run}).String()}
	for _, gvr := range slices.Concat(swept, defined) {
		i, err := w.Follow(inner, gvr, namespace, selector)
		if err != nil {
			return nil, err
		}
		sweep.informers[gvr] = i
	}
	telling := informer.Tell("run "+run, progress)
	defer func() { telling.End(gone(err)) }()
	for {
		left, err := sweep.step(ctx)
		if found == nil {
			found = left
		}
		if err != nil || (left != nil && len(left) == 0) {
			return found, err
		}
		lacks := "not gone: " + strings.Join(left, ", ")
		if len(left) > 0 {
			telling.Is(lacks)
		}
		select {
		case <-w.Changed:
		case <-ctx.Done():
			return found, informer.Ended(ctx, "run "+run, lacks)
		}
	}
}

// gone is the last state of what was to be removed.
func gone(err error) string {
	if err != nil {
		return ""
	}
	return "gone"
}

// sweep is one removal under way.
type sweep struct {
	cluster   *cluster.Cluster
	namespace string
	informers map[schema.GroupVersionResource]*informer.Informer
	asked     map[types.UID]bool // whose deletion was requested
}

// step requests the deletion of what nothing else will delete and returns what is
// left, or nil while that is not known yet.
func (s *sweep) step(ctx context.Context) ([]string, error) {
	found := map[schema.GroupVersionResource][]metav1.Object{}
	left := []string{}
	for gvr, kept := range s.informers {
		synced, err := kept.Ready()
		switch {
		case gvr != cluster.ConfigMaps && gvr != cluster.Pods && (apierrors.IsForbidden(err) || apierrors.IsNotFound(err)):
			continue
		case err != nil:
			return nil, cluster.FromAPI(ctx, gvr.Resource+" in "+s.namespace, "watch", err)
		case !synced:
			return nil, nil
		}
		found[gvr] = informer.ListOf[metav1.Object](kept.List())
		for _, object := range found[gvr] {
			left = append(left, fmt.Sprintf("%s %s", strings.TrimSuffix(gvr.Resource, "s"), object.GetName()))
		}
	}
	slices.Sort(left)
	for gvr, objects := range found {
		for _, object := range objects {
			if err := s.request(ctx, gvr, object); err != nil {
				return left, err
			}
		}
	}
	return left, nil
}

// request asks once for the deletion of an object that has no owner, since what has one
// goes with it, but for the kinds in defined, and once for that of a pod that has ended.
func (s *sweep) request(ctx context.Context, gvr schema.GroupVersionResource, object metav1.Object) error {
	over := hasEnded(object)
	collected := len(object.GetOwnerReferences()) > 0 && !slices.Contains(defined, gvr)
	if !over && (object.GetDeletionTimestamp() != nil || collected) || s.asked[object.GetUID()] {
		return nil
	}
	s.asked[object.GetUID()] = true
	var err error
	if at := (cluster.Resource{Gvr: gvr, Namespaced: true}); over {
		err = write.Forget(ctx, s.cluster, at, object)
	} else {
		err = write.Remove(ctx, s.cluster, at, object)
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	return cluster.FromAPI(ctx, managed.Name(strings.TrimSuffix(gvr.Resource, "s"), object.GetNamespace(), object.GetName()), "delete", err)
}

// hasEnded reports whether it is a pod that goes and of which nothing runs any more: only
// then its kubelet gives it a final phase. It removes the pod itself when it has looked
// at all its containers again, a second or so later.
func hasEnded(object metav1.Object) bool {
	pod, ok := object.(*corev1.Pod)
	return ok && pod.DeletionTimestamp != nil && (pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed)
}
