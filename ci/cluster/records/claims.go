package records

import (
	"context"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// claimPrefixes returns how the names of the PersistentVolumeClaims begin that
// Kubernetes makes for the StatefulSets among objects: TEMPLATE-SET-, then a
// number. The names are all that ties them to the set: they are kept when it goes
// (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage).
func claimPrefixes(objects []*unstructured.Unstructured) []string {
	var out []string
	for _, object := range objects {
		if object.GroupVersionKind() != appsv1.SchemeGroupVersion.WithKind("StatefulSet") {
			continue
		}
		templates, _, _ := unstructured.NestedSlice(object.Object, "spec", "volumeClaimTemplates")
		for _, template := range templates {
			fields, _ := template.(map[string]any)
			name, _, _ := unstructured.NestedString(fields, "metadata", "name")
			out = append(out, name+"-"+object.GetName()+"-")
		}
	}
	return out
}

// claimsOf returns the claims of a namespace whose names are a prefix and a number.
func claimsOf(ctx context.Context, c *cluster.Cluster, namespace string, prefixes []string) ([]managed.Ref, error) {
	if len(prefixes) == 0 {
		return nil, nil
	}
	list, err := c.Dynamic.Resource(cluster.Claims).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, cluster.FromAPI(ctx, "namespace "+namespace, "list claims", err)
	}
	var found []managed.Ref
	for i := range list.Items {
		if numbered(list.Items[i].GetName(), prefixes) {
			list.Items[i].SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"))
			found = append(found, managed.RefOf(&list.Items[i]))
		}
	}
	return found, nil
}

func numbered(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		number, ok := strings.CutPrefix(name, prefix)
		if ok && number != "" && strings.Trim(number, "0123456789") == "" {
			return true
		}
	}
	return false
}
