// Package isolation finds out whether a beta would take traffic, pods or storage from
// production. It does not write.
package isolation

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Isolation tells where a beta may be, and beside what.
type Isolation struct {
	Namespace string                       // of the beta
	Beside    []*unstructured.Unstructured // production's, whose traffic must not be taken: what it shall hold, and what is live, see Routes
	Run       string                       // whose label is in every selector of the beta
}

// CheckIsolated returns nil when the objects of a beta cannot hurt anything else:
// all are in its namespace, none takes traffic from production, selects pods that
// are not the run's, or mounts a volume that the run does not bring; and when neither
// it nor production lets a pod act as the pipeline, see CheckIdentity. It writes
// nothing. The error is Misconfigured, or CheckIdentity's, and names the first object
// at fault.
func CheckIsolated(ctx context.Context, c *cluster.Cluster, objects []*unstructured.Unstructured, in Isolation) error {
	if err := account.CheckIdentity(append(slices.Clone(objects), in.Beside...)); err != nil {
		return err
	}
	for _, object := range objects {
		found, err := c.Resource(ctx, object)
		switch {
		case err != nil:
			return err
		case !found.Namespaced:
			return notIsolated(object, "belongs to the whole cluster", "leave it out of the beta's overlay")
		case object.GetNamespace() != in.Namespace:
			return notIsolated(object, "is not in namespace "+in.Namespace, "a beta may be nowhere else")
		}
		if err := checkSelectors(object, in.Run); err != nil {
			return err
		}
		if err := checkVolumes(object, objects); err != nil {
			return err
		}
	}
	return conflictingRoute(objects, in.Beside)
}

func notIsolated(object *unstructured.Unstructured, cause, try string) error {
	return &cluster.Error{Class: cluster.Misconfigured, Object: managed.Describe(object), Cause: cause, Try: try}
}

// selectors is where kinds say which pods they act on. A NetworkPolicy or a
// PodDisruptionBudget that selects others' pods hurts them as a Service does.
var selectors = map[string][]string{
	"Service":               {"spec", "selector"},
	"Deployment":            {"spec", "selector", "matchLabels"},
	"StatefulSet":           {"spec", "selector", "matchLabels"},
	"DaemonSet":             {"spec", "selector", "matchLabels"},
	"ReplicaSet":            {"spec", "selector", "matchLabels"},
	"ReplicationController": {"spec", "selector"},
	"NetworkPolicy":         {"spec", "podSelector", "matchLabels"},
	"PodDisruptionBudget":   {"spec", "selector", "matchLabels"},
}

// checkSelectors requires the run's label wherever pods are selected. A Service
// without a selector selects none.
func checkSelectors(object *unstructured.Unstructured, run string) error {
	path, selects := selectors[object.GetKind()]
	if !selects {
		return nil
	}
	labels, _, _ := unstructured.NestedStringMap(object.Object, path...)
	if labels[managed.LabelRun] == run || object.GetKind() == "Service" && len(labels) == 0 {
		return nil
	}
	return notIsolated(object, fmt.Sprintf("selects pods that are not this run's: its selector lacks %s=%s", managed.LabelRun, run),
		"select by labels that kustomize knows, so that the run's is added")
}

// ownVolumes are the kinds of volume that nobody shares, or only reads: what Pod
// Security's restricted level allows
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
var ownVolumes = []string{"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "projected", "secret"}

// checkVolumes refuses volumes that others may use, too.
func checkVolumes(object *unstructured.Unstructured, objects []*unstructured.Unstructured) error {
	if object.GetKind() == "PersistentVolumeClaim" {
		if volume, _, _ := unstructured.NestedString(object.Object, "spec", "volumeName"); volume != "" {
			return notIsolated(object, "asks for PersistentVolume "+volume+", which is not this run's", "let the cluster provide one")
		}
	}
	volumes, _, _ := unstructured.NestedSlice(object.Object, append(slices.Clone(account.Templates[object.GetKind()]), "volumes")...)
	for _, item := range volumes {
		volume, _ := item.(map[string]any)
		for kind := range volume {
			if kind == "name" || slices.Contains(ownVolumes, kind) {
				continue
			}
			claim, _, _ := unstructured.NestedString(volume, kind, "claimName")
			switch {
			case kind != "persistentVolumeClaim":
				return notIsolated(object, fmt.Sprintf("volume %v: a %s may be used by others, too", volume["name"], kind), "use an emptyDir")
			case !brings(objects, claim):
				return notIsolated(object, fmt.Sprintf("volume %v: PersistentVolumeClaim %s is not this run's", volume["name"], claim), "use an emptyDir, or put the claim into the beta's overlay")
			}
		}
	}
	return nil
}

// brings reports whether a claim is among the objects.
func brings(objects []*unstructured.Unstructured, claim string) bool {
	return slices.ContainsFunc(objects, func(o *unstructured.Unstructured) bool {
		return o.GroupVersionKind() == corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim") && o.GetName() == claim
	})
}
