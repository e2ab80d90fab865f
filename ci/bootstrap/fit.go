package bootstrap

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/manifest"
)

// fit changes the built-in objects of a namespace where what an overlay holds, as many
// times as it is there at once, would not keep within them: the quota and the largest
// container have room for it. Network policies are made only for an application that
// has some: without a rule of its own a pod could reach nothing but DNS.
func fit(objects, held []*unstructured.Unstructured, times int64, level string) []*unstructured.Unstructured {
	needs := needsOf(held)
	if !slices.ContainsFunc(held, func(o *unstructured.Unstructured) bool { return o.GetKind() == "NetworkPolicy" }) {
		objects = slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == "NetworkPolicy" })
	}
	for _, object := range objects {
		switch object.GetKind() {
		case "Namespace":
			setLevel(object, level)
		case "ResourceQuota":
			raise(object.Object, needs.total, times, "spec", "hard")
		case "LimitRange":
			limits, _, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", "limits")
			for _, limit := range limits.([]any) {
				raise(limit.(map[string]any), needs.largest, 1, "max")
			}
		}
	}
	return objects
}

func setLevel(namespace *unstructured.Unstructured, level string) {
	labels := namespace.GetLabels()
	for key := range labels {
		if level != "" && strings.HasPrefix(key, "pod-security.kubernetes.io/") && !strings.HasSuffix(key, "-version") {
			labels[key] = level
		}
	}
	namespace.SetLabels(labels)
}

// raise sets each quantity that is less than what is needed.
func raise(object map[string]any, needed map[string]resource.Quantity, times int64, path ...string) {
	given, _, _ := unstructured.NestedStringMap(object, path...)
	for name, text := range given {
		need, wanted := needed[name]
		has, err := resource.ParseQuantity(text)
		if !wanted || err != nil {
			continue
		}
		need = need.DeepCopy()
		need.Mul(times)
		if need.Cmp(has) > 0 {
			_ = unstructured.SetNestedField(object, need.String(), append(slices.Clone(path), name)...)
		}
	}
}

// needs are what objects ask for, named as quotas name it, during an update, and the
// most that one container may use.
type needs struct{ total, largest map[string]resource.Quantity }

func (n needs) add(name string, q resource.Quantity, times int64) {
	q = q.DeepCopy()
	q.Mul(times)
	sum := n.total[name]
	sum.Add(q)
	n.total[name] = sum
}

// assumed is what the built-in limits give a container that says nothing.
var assumed = corev1.ResourceRequirements{
	Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
	Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("256Mi")},
}

func needsOf(objects []*unstructured.Unstructured) needs {
	out := needs{map[string]resource.Quantity{}, map[string]resource.Quantity{}}
	one := resource.MustParse("1")
	for _, object := range objects {
		if pod := manifest.PodOf(object); pod != nil {
			out.pods(pod.Spec, pods(object))
		}
		switch object.GetKind() {
		case "StatefulSet":
			templates, _, _ := unstructured.NestedSlice(object.Object, "spec", "volumeClaimTemplates")
			for _, template := range templates {
				claim, _ := template.(map[string]any)
				out.claim(claim, replicas(object))
			}
		case "PersistentVolumeClaim":
			out.claim(object.Object, 1)
		case "Service":
			out.add("services", one, 1)
			kind, _, _ := unstructured.NestedString(object.Object, "spec", "type")
			ports, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
			if kind == "LoadBalancer" {
				out.add("services.loadbalancers", one, 1)
			}
			if kind == "LoadBalancer" || kind == "NodePort" {
				out.add("services.nodeports", one, int64(len(ports)))
			}
		}
	}
	return out
}

// pods is how many there are of an object while it is updated: a quarter more, and one.
func pods(object *unstructured.Unstructured) int64 { return replicas(object)*5/4 + 1 }

func replicas(object *unstructured.Unstructured) int64 {
	if count, given, _ := unstructured.NestedInt64(object.Object, "spec", "replicas"); given {
		return count
	}
	return 1
}

func (n needs) claim(claim map[string]any, times int64) {
	n.add("persistentvolumeclaims", resource.MustParse("1"), times)
	size, _, _ := unstructured.NestedString(claim, "spec", "resources", "requests", "storage")
	if q, err := resource.ParseQuantity(size); err == nil {
		n.add("requests.storage", q, times)
	}
}

// pods adds those of a workload: each of its containers asks for what it says, else for
// its limit, else for what is assumed. Init containers come before the others and ask,
// as a rule, for no more.
func (n needs) pods(pod corev1.PodSpec, times int64) {
	n.add("pods", resource.MustParse("1"), times)
	for _, container := range pod.Containers {
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			limit, limited := container.Resources.Limits[name]
			request, requested := container.Resources.Requests[name]
			if !limited {
				limit = assumed.Limits[name]
			}
			switch {
			case !requested && limited:
				request = limit
			case !requested:
				request = assumed.Requests[name]
			}
			n.add("requests."+string(name), request, times)
			n.add("limits."+string(name), limit, times)
			if most := n.largest[string(name)]; limit.Cmp(most) > 0 {
				n.largest[string(name)] = limit
			}
		}
	}
}
