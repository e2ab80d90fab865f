package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestMakersAreThoseOfTheObjectsThatAreThereAndNotOurs(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := Objects(t, namespace, app("", testImage(), "one"), "{apiVersion: nowhere.example/v1, kind: Unknown, metadata: {name: a}}")
	none, err := c.Makers(t.Context(), wanted)
	require.NoError(t, err)
	require.Empty(t, none)

	settings, secret, service, deployment := wanted[0], wanted[1], wanted[2], wanted[3]
	_, err = c.Apply(t.Context(), Objects(t, namespace, app("", testImage(), "one"))[:1], ApplyOptions{})
	require.NoError(t, err)
	for _, object := range wanted[1:4] {
		found, err := c.resource(t.Context(), object)
		require.NoError(t, err)
		_, err = c.in(found, namespace).Create(t.Context(), object, metav1.CreateOptions{FieldManager: "kubectl-client-side-apply"})
		require.NoError(t, err)
	}
	_, err = c.typed.AppsV1().Deployments(namespace).Patch(t.Context(), "api", types.MergePatchType, []byte(`{"spec":{"replicas":3}}`), metav1.PatchOptions{FieldManager: "kubectl"}, "scale")
	require.NoError(t, err)

	want := []Maker{
		{Who: "kubectl apply", Objects: []string{describe(secret), describe(service), describe(deployment)}},
		{Who: "kubectl scale", Objects: []string{describe(deployment)}},
	}
	found, err := c.Makers(t.Context(), wanted)
	require.NoError(t, err)
	require.Equal(t, want, found, "%s is ours", describe(settings))
	plan, err := c.Plan(t.Context(), wanted[:4], ApplyOptions{TakeOver: []string{"kubectl"}})
	require.NoError(t, err)
	require.Equal(t, want, plan.Makers())
}
