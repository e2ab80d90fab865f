package managed

import (
	"slices"

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
