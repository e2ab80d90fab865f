package cluster

import (
	"context"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Claims returns the PersistentVolumeClaims that exist for the claim templates of
// the StatefulSets among objects, each with its uid. Their names, TEMPLATE-SET-N,
// are all that ties them to the set: Kubernetes keeps them when it goes
// (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage).
func (c *Cluster) Claims(ctx context.Context, objects []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var found []*unstructured.Unstructured
	for _, object := range objects {
		if object.GroupVersionKind() != appsv1.SchemeGroupVersion.WithKind("StatefulSet") {
			continue
		}
		list, err := c.dynamic.Resource(claims).Namespace(object.GetNamespace()).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fromAPI(ctx, "namespace "+object.GetNamespace(), "list claims", err)
		}
		for i := range list.Items {
			if madeFor(object, list.Items[i].GetName()) {
				list.Items[i].SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"))
				found = append(found, &list.Items[i])
			}
		}
	}
	return found, nil
}

// madeFor reports whether a claim's name is that of one of the set's templates.
func madeFor(set *unstructured.Unstructured, claim string) bool {
	templates, _, _ := unstructured.NestedSlice(set.Object, "spec", "volumeClaimTemplates")
	for _, template := range templates {
		fields, _ := template.(map[string]any)
		name, _, _ := unstructured.NestedString(fields, "metadata", "name")
		ordinal, ok := strings.CutPrefix(claim, name+"-"+set.GetName()+"-")
		if ok && ordinal != "" && strings.Trim(ordinal, "0123456789") == "" {
			return true
		}
	}
	return false
}
