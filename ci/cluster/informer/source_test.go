package informer

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/slipway-cd/slipway/ci/cluster"
)

func TestKubernetesOwnKindsAreReadIntoTheirTypes(t *testing.T) {
	t.Parallel()
	for _, gvr := range []schema.GroupVersionResource{cluster.Pods, cluster.Events, cluster.Deployments, cluster.ReplicaSets, cluster.StatefulSets, cluster.DaemonSets, cluster.Jobs, cluster.Services, cluster.Ingresses, cluster.EndpointSlices, cluster.Claims, cluster.Leases, cluster.ConfigMaps} {
		kind, own := ownKind(gvr)
		require.True(t, own, gvr)
		require.Equal(t, gvr.GroupVersion(), kind.GroupVersion())
	}
	_, own := ownKind(cluster.Definitions)
	require.False(t, own)
}
