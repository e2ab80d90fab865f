package managed

import (
	"maps"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// steps is the order in which kinds are written: what others need comes first,
// so that no pod starts before its configuration and nothing is routed to a
// Service that is not there. Kinds not listed go with the workloads.
var steps = [][]string{
	{"Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass", "IngressClass"},
	{"ResourceQuota", "LimitRange", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"},
	{"ServiceAccount", "Role", "ClusterRole"},
	{"RoleBinding", "ClusterRoleBinding"},
	{"ConfigMap", "Secret"},
	{"PersistentVolume", "PersistentVolumeClaim"},
	{"Service"},
	{"NetworkPolicy"},
	{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"},
	{"HorizontalPodAutoscaler", "PodDisruptionBudget"},
	{"Ingress", "Gateway", "HTTPRoute", "Route"},
}

const workloadStep = 8

// waveAnnotation puts an object behind others: all objects of lower waves are
// written, and out, before it is written. Without it an object is of wave 0.
const WaveAnnotation = "slipway.dev/wave"

// Waves returns the objects grouped by wave, lowest first.
func Waves(objects []*unstructured.Unstructured) [][]*unstructured.Unstructured {
	byWave := map[int][]*unstructured.Unstructured{}
	for _, object := range objects {
		wave, _ := strconv.Atoi(object.GetAnnotations()[WaveAnnotation]) // CheckAnnotations refused what is no number
		byWave[wave] = append(byWave[wave], object)
	}
	var out [][]*unstructured.Unstructured
	for _, wave := range slices.Sorted(maps.Keys(byWave)) {
		out = append(out, byWave[wave])
	}
	return out
}

func step(kind string) int {
	for i, kinds := range steps {
		if slices.Contains(kinds, kind) {
			return i
		}
	}
	return workloadStep
}

// Order returns the objects grouped by step, first to last; empty steps are left
// out and the given order is kept within one.
func Order(objects []*unstructured.Unstructured) [][]*unstructured.Unstructured {
	groups := make([][]*unstructured.Unstructured, len(steps))
	for _, object := range objects {
		i := step(object.GetKind())
		groups[i] = append(groups[i], object)
	}
	return slices.DeleteFunc(groups, func(group []*unstructured.Unstructured) bool { return len(group) == 0 })
}
