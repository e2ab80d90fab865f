package integration

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/isolation"
)

func TestABetaIsComparedWithWhatIsLive(t *testing.T) {
	t.Parallel()
	c := connect(t)
	production, build := newNamespace(t, c), newNamespace(t, c)
	_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, production, clustertest.Ingress("api", "isolation.example", "/demo", "Prefix")), apply.Options{})
	require.NoError(t, err)
	in := isolation.Isolation{Namespace: build, Run: "one"}
	check := func(namespace string, documents ...string) error {
		beta := clustertest.Objects(t, namespace, documents...)
		live, err := isolation.Routes(t.Context(), c, production, beta)
		require.NoError(t, err)
		in.Beside = live
		return isolation.CheckIsolated(t.Context(), c, beta, in)
	}
	before := c.Requests()
	require.NoError(t, check(build, stateful, clustertest.Ingress("api-one", "isolation.example", "/beta/one", "Prefix")))
	t.Logf("%d requests", c.Requests()-before)

	err = check(build, clustertest.Ingress("api-one", "isolation.example", "/demo", "Prefix"))
	require.EqualError(t, clustertest.RequireClass(t, err, cluster.Misconfigured), fmt.Sprintf("Ingress %s/api-one: would take traffic of Ingress %s/api: "+
		"isolation.example/demo covers isolation.example/demo; give the beta a path of its own", build, production))
	err = check(production, clustertest.Ingress("api-one", "isolation.example", "/beta/one", "Prefix"))
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Misconfigured), "is not in namespace "+build)
	role := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": map[string]any{"name": "all-one"}}}
	err = isolation.CheckIsolated(t.Context(), c, []*unstructured.Unstructured{role}, in)
	require.EqualError(t, clustertest.RequireClass(t, err, cluster.Misconfigured), "ClusterRole all-one: belongs to the whole cluster; leave it out of the beta's overlay")
}
