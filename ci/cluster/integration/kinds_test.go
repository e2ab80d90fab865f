package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/slipway-cd/slipway/ci/cluster"
)

func TestOwnKindsAreWhereTheServerHasThem(t *testing.T) {
	t.Parallel()
	lists, err := discovery.ServerPreferredResources(connect(t).Typed.Discovery())
	require.NoError(t, err)
	compared := 0
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		require.NoError(t, err)
		for _, served := range list.APIResources {
			mapping, err := cluster.OwnKinds().RESTMapping(version.WithKind(served.Kind).GroupKind(), version.Version)
			if meta.IsNoMatchError(err) || strings.Contains(served.Name, "/") || !slices.Contains(served.Verbs, "get") {
				continue // not Kubernetes' own, or nothing that an overlay holds
			}
			require.NoError(t, err)
			require.Equal(t, served.Name, mapping.Resource.Resource)
			require.Equal(t, served.Namespaced, mapping.Scope.Name() == meta.RESTScopeNameNamespace, served.Kind)
			compared++
		}
	}
	require.Greater(t, compared, 30)
}
