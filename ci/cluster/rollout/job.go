package rollout

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// IsJob reports whether the object runs once, and again only when it is made anew.
func IsJob(object *unstructured.Unstructured) bool {
	return object.GroupVersionKind().GroupKind() == batchv1.SchemeGroupVersion.WithKind("Job").GroupKind()
}

// HasEnded reports whether a live Job is over for good, complete or failed.
func HasEnded(job *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(job.Object, "status", "conditions")
	for _, condition := range conditions {
		fields, _ := condition.(map[string]any)
		over := fields["type"] == string(batchv1.JobComplete) || fields["type"] == string(batchv1.JobFailed)
		if over && fields["status"] == string(corev1.ConditionTrue) {
			return true
		}
	}
	return false
}
