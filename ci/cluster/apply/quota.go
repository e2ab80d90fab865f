package apply

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// checkQuota returns an error when the objects to be created are more than a
// quota on their number leaves room for: a dry run looks at each alone, so it
// cannot tell. Where quotas may not be read, the writes themselves will.
func checkQuota(ctx context.Context, c *cluster.Cluster, objects []*Planned) error {
	created := map[string]map[string]int64{} // by namespace and name in a quota
	several := map[string]bool{}
	for _, p := range objects {
		if p.Live != nil || !p.Resource.Namespaced {
			continue
		}
		namespace := p.Object.GetNamespace()
		if created[namespace] == nil {
			created[namespace] = map[string]int64{}
		}
		for _, counted := range countedAs(p) {
			created[namespace][counted]++
			several[namespace] = several[namespace] || created[namespace][counted] > 1
		}
	}
	for namespace := range several {
		if !several[namespace] {
			continue
		}
		quotas, err := c.Typed.CoreV1().ResourceQuotas(namespace).List(ctx, metav1.ListOptions{})
		switch {
		case apierrors.IsForbidden(err):
			continue
		case err != nil:
			return cluster.FromAPI(ctx, "namespace "+namespace, "read quotas", err)
		}
		for _, quota := range quotas.Items {
			if err := Exceeded(&quota, created[namespace]); err != nil {
				return err
			}
		}
	}
	return nil
}

// countedAs returns the names under which a quota may count an object:
// https://kubernetes.io/docs/concepts/policy/resource-quotas/#object-count-quota
func countedAs(p *Planned) []string {
	gvr := p.Resource.Gvr
	if gvr.Group != "" {
		return []string{"count/" + gvr.Resource + "." + gvr.Group}
	}
	return []string{gvr.Resource, "count/" + gvr.Resource}
}

func Exceeded(quota *corev1.ResourceQuota, created map[string]int64) error {
	for counted, hard := range quota.Spec.Hard {
		wanted := created[string(counted)]
		used := quota.Status.Used[counted]
		room := max(0, hard.Value()-used.Value())
		if wanted > room {
			return &cluster.Error{Class: cluster.Admission, Object: managed.Name("ResourceQuota", quota.Namespace, quota.Name), Try: "free some of the quota, or ask an administrator for more",
				Cause: fmt.Sprintf("exceeded quota: it leaves room for %d more %s, and %d would be created", room, counted, wanted)}
		}
	}
	return nil
}
