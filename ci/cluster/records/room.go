package records

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
)

// checkRoom returns an error when the records of a deploy are larger than any may be,
// or more Secrets than a quota leaves room for. It is asked before the first write:
// the second record is written when production is changed already.
func checkRoom(ctx context.Context, c *cluster.Cluster, plan *apply.Plan, undo *record, next Release) error {
	release, err := next.record(undo.stored.namespace)
	if err != nil {
		return err
	}
	secrets := int64(0)
	for _, r := range []*record{undo, release} {
		size := 0
		for _, content := range r.fields {
			size += len(content)
		}
		if size > packedLimit {
			return &cluster.Error{Class: cluster.Misconfigured, Object: r.stored.object(), Try: "keep large files out of ConfigMaps and Secrets, in the image for example",
				Cause: fmt.Sprintf("the record of the %s is %.1f MiB compressed, and at most %d MiB are kept", r.kind, float64(size)/(1<<20), packedLimit>>20)}
		}
		_, parts, err := r.divide()
		if err != nil {
			return err
		}
		secrets += 1 + int64(len(parts))
	}
	for _, p := range plan.Objects {
		if p.Live == nil && p.Resource.Gvr.Group == "" && p.Object.GetKind() == "Secret" && p.Object.GetNamespace() == undo.stored.namespace {
			secrets++
		}
	}
	quotas, err := c.Typed.CoreV1().ResourceQuotas(undo.stored.namespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		return nil // the writes themselves will tell
	}
	if err != nil {
		return cluster.FromAPI(ctx, "namespace "+undo.stored.namespace, "read quotas", err)
	}
	for _, quota := range quotas.Items {
		if err := apply.Exceeded(&quota, map[string]int64{"secrets": secrets, "count/secrets": secrets}); err != nil {
			return err
		}
	}
	return nil
}
