package cluster

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestABetaIsComparedWithWhatIsLive(t *testing.T) {
	t.Parallel()
	c := connect(t)
	production, build := newNamespace(t, c), newNamespace(t, c)
	_, err := c.Apply(t.Context(), Objects(t, production, Ingress("api", "isolation.example", "/demo", "Prefix")), ApplyOptions{})
	require.NoError(t, err)
	in := Isolation{Namespace: build, Run: "one"}
	check := func(namespace string, documents ...string) error {
		beta := Objects(t, namespace, documents...)
		live, err := c.Routes(t.Context(), production, beta)
		require.NoError(t, err)
		in.Beside = live
		return c.CheckIsolated(t.Context(), beta, in)
	}
	before := c.Requests()
	require.NoError(t, check(build, stateful, Ingress("api-one", "isolation.example", "/beta/one", "Prefix")))
	t.Logf("%d requests", c.Requests()-before)

	err = check(build, Ingress("api-one", "isolation.example", "/demo", "Prefix"))
	require.EqualError(t, RequireClass(t, err, Misconfigured), fmt.Sprintf("Ingress %s/api-one: would take traffic of Ingress %s/api: "+
		"isolation.example/demo covers isolation.example/demo; give the beta a path of its own", build, production))
	err = check(production, Ingress("api-one", "isolation.example", "/beta/one", "Prefix"))
	require.ErrorContains(t, RequireClass(t, err, Misconfigured), "is not in namespace "+build)
	role := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": map[string]any{"name": "all-one"}}}
	err = c.CheckIsolated(t.Context(), []*unstructured.Unstructured{role}, in)
	require.EqualError(t, RequireClass(t, err, Misconfigured), "ClusterRole all-one: belongs to the whole cluster; leave it out of the beta's overlay")
}
