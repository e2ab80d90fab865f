package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

func TestMakersAreThoseOfTheObjectsThatAreThereAndNotOurs(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, app("", testImage(), "one"), "{apiVersion: nowhere.example/v1, kind: Unknown, metadata: {name: a}}")
	none, err := apply.Makers(t.Context(), c, wanted)
	require.NoError(t, err)
	require.Empty(t, none)

	settings, secret, service, deployment := wanted[0], wanted[1], wanted[2], wanted[3]
	_, err = apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, app("", testImage(), "one"))[:1], apply.Options{})
	require.NoError(t, err)
	for _, object := range wanted[1:4] {
		found, err := c.Resource(t.Context(), object)
		require.NoError(t, err)
		_, err = c.In(found, namespace).Create(t.Context(), object, metav1.CreateOptions{FieldManager: "kubectl-client-side-apply"})
		require.NoError(t, err)
	}
	_, err = c.Typed.AppsV1().Deployments(namespace).Patch(t.Context(), "api", types.MergePatchType, []byte(`{"spec":{"replicas":3}}`), metav1.PatchOptions{FieldManager: "kubectl"}, "scale")
	require.NoError(t, err)

	want := []apply.Maker{
		{Who: "kubectl apply", Objects: []string{managed.Describe(secret), managed.Describe(service), managed.Describe(deployment)}},
		{Who: "kubectl scale", Objects: []string{managed.Describe(deployment)}},
	}
	found, err := apply.Makers(t.Context(), c, wanted)
	require.NoError(t, err)
	require.Equal(t, want, found, "%s is ours", managed.Describe(settings))
	plan, err := apply.NewPlan(t.Context(), c, wanted[:4], apply.Options{TakeOver: []string{"kubectl"}})
	require.NoError(t, err)
	require.Equal(t, want, plan.Makers())
}
