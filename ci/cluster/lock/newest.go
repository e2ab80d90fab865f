package lock

import (
	"context"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// newestNumber returns the highest number of a lease under which a record of the
// namespace was written, 0 when there is none: a lease that was deleted by hand goes
// on from there, so that what was written later stays the newer.
func newestNumber(ctx context.Context, c *cluster.Cluster, namespace string) (int32, error) {
	secrets := c.Metadata.Resource(corev1.SchemeGroupVersion.WithResource("secrets")).Namespace(namespace)
	heads, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: managed.LabelRecord + " in (release, undo)"})
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, head := range heads.Items {
		if number, err := strconv.ParseInt(head.Annotations[managed.NumberAnnotation], 10, 32); err == nil {
			newest = max(newest, number)
		}
	}
	return int32(newest), nil
}
