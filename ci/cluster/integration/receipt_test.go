package integration

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/footprint"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

func TestAFingerprintTellsWhatWasWrittenAndByWhom(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	newAccount(t, c, namespace)
	confined, _, err := c.Confined(t.Context(), namespace, "slipway")
	require.NoError(t, err)
	_, err = runs.Begin(t.Context(), c, namespace, "one", nil)
	require.NoError(t, err)
	all := clustertest.Objects(t, namespace, app("", testImage(), "one"))
	_, err = apply.Apply(t.Context(), c, all, apply.Options{})
	require.NoError(t, err)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, all, nil))
	print := func() *footprint.Fingerprint {
		start, before := time.Now(), confined.Requests()
		taken, err := footprint.Take(t.Context(), confined, namespace)
		require.NoError(t, err)
		t.Logf("%d objects, %d requests, %s", taken.Count(namespace), confined.Requests()-before, time.Since(start))
		return taken
	}
	first := print()
	require.Empty(t, first.Differences(print()), "nothing was written")

	patch := func(manager, kind, text string) {
		var err error
		switch kind {
		case "deployment":
			_, err = c.Typed.AppsV1().Deployments(namespace).Patch(t.Context(), "api", types.MergePatchType, []byte(text), metav1.PatchOptions{FieldManager: manager})
		case "configmap":
			_, err = c.Typed.CoreV1().ConfigMaps(namespace).Patch(t.Context(), "settings", types.MergePatchType, []byte(text), metav1.PatchOptions{FieldManager: manager})
		}
		require.NoError(t, err)
	}
	time.Sleep(1100 * time.Millisecond) // managedFields tell seconds
	patch("person", "deployment", `{"spec":{"replicas":3}}`)
	patch("slipway", "configmap", `{"data":{"greeting":"good bye"}}`)
	require.NoError(t, c.Typed.CoreV1().Secrets(namespace).Delete(t.Context(), "password", metav1.DeleteOptions{}))
	_, err = apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, `{apiVersion: v1, kind: ConfigMap, metadata: {name: new, labels: {slipway.dev/run: two}}}`), apply.Options{})
	require.NoError(t, err)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, all[3:], nil)) // its status changed, and pods were made
	found := first.Differences(print())
	found = slices.DeleteFunc(found, func(d footprint.Difference) bool {
		return d.Kind == "Deployment" && slices.Contains(d.By, "kube-controller-manager") && len(d.By) == 1
	})
	require.Equal(t, []footprint.Difference{
		{Namespace: namespace, Kind: "ConfigMap", Name: "new", Action: write.Created, By: []string{"slipway"}, Run: "two"},
		{Namespace: namespace, Kind: "ConfigMap", Name: "settings", Action: write.Configured, By: []string{"slipway"}, Run: "one"},
		{Namespace: namespace, Kind: "Deployment", Name: "api", Action: write.Configured, By: []string{"person"}, Run: "one"},
		{Namespace: namespace, Kind: "Secret", Name: "password", Action: write.Deleted, Run: "one"},
	}, found)
}

func TestAnAdministratorsFingerprintHoldsTheClusterToo(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	clustertest.AwaitControllers(t, c.Typed, namespace)
	start, before := time.Now(), c.Requests()
	taken, err := footprint.Take(t.Context(), c, namespace)
	require.NoError(t, err)
	t.Logf("%d objects, %d requests, %s", taken.Count(namespace), c.Requests()-before, time.Since(start))
	var seen []string
	for _, object := range new(footprint.Fingerprint).Differences(taken) {
		seen = append(seen, object.String())
	}
	require.Contains(t, seen, "Namespace "+namespace)
	require.Contains(t, seen, "ServiceAccount "+namespace+"/default")
	require.Equal(t, 2, taken.Count(namespace), "what Kubernetes makes in every namespace")
	require.Len(t, taken.In(namespace).Differences(new(footprint.Fingerprint)), 2)
}
