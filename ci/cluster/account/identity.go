package account

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Account is the ServiceAccount that pipelines act as: one of this name in the build
// namespace, another in production's, each with rights in its own namespace alone.
const Account = "slipway"

// CheckIdentity returns nil when none of the objects lets a pod act as the pipeline:
// whoever reads such a pod's token could do all that the pipeline may. The API server
// refuses it, too, see Guard, but only in the middle of a deploy, and of a controller's
// pods where nobody looks. The error is Admission and names the first object at fault.
func CheckIdentity(objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		gvk := object.GroupVersionKind()
		var cause, try string
		switch {
		case gvk == corev1.SchemeGroupVersion.WithKind("Secret"):
			if asksForToken(object) {
				cause, try = "asks for a token of ServiceAccount "+Account+", which is the pipeline's own", "leave it out of the overlay"
			}
		case gvk == corev1.SchemeGroupVersion.WithKind("ServiceAccount"):
			if object.GetName() == Account {
				cause, try = "is the pipeline's own account, which bootstrap made", "give the application's another name"
			}
		case gvk != corev1.SchemeGroupVersion.WithKind("ConfigMap") && runsAs(object.Object):
			cause, try = "its pods would run as ServiceAccount "+Account+", which is the pipeline's own", "name another serviceAccountName in the overlay, or none"
		}
		if cause != "" {
			return &cluster.Error{Class: cluster.Admission, Object: managed.Describe(object), Cause: cause, Try: try}
		}
	}
	return nil
}

func asksForToken(secret *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(secret.Object, "type")
	return kind == string(corev1.SecretTypeServiceAccountToken) && secret.GetAnnotations()[corev1.ServiceAccountNameKey] == Account
}

// runsAs reports whether a pod's spec anywhere in an object names the pipeline's
// account, by the field's former name, too: also custom kinds hold templates.
func runsAs(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if (key == "serviceAccountName" || key == "serviceAccount") && inner == Account || runsAs(inner) {
				return true
			}
		}
	case []any:
		for _, inner := range value {
			if runsAs(inner) {
				return true
			}
		}
	}
	return false
}

// templates is where kinds hold a pod's spec.
var Templates = map[string][]string{
	"Pod":                   {"spec"},
	"Deployment":            {"spec", "template", "spec"},
	"StatefulSet":           {"spec", "template", "spec"},
	"DaemonSet":             {"spec", "template", "spec"},
	"ReplicaSet":            {"spec", "template", "spec"},
	"ReplicationController": {"spec", "template", "spec"},
	"Job":                   {"spec", "template", "spec"},
	"CronJob":               {"spec", "jobTemplate", "spec", "template", "spec"},
	"PodTemplate":           {"template", "spec"},
}
