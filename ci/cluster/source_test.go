package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestKubernetesOwnKindsAreReadIntoTheirTypes(t *testing.T) {
	t.Parallel()
	for _, gvr := range []schema.GroupVersionResource{pods, events, deployments, replicaSets, statefulSets, daemonSets, jobs, services, ingresses, endpointSlices, claims, leases, configMaps} {
		kind, own := ownKind(gvr)
		require.True(t, own, gvr)
		require.Equal(t, gvr.GroupVersion(), kind.GroupVersion())
	}
	_, own := ownKind(definitions)
	require.False(t, own)
}
