package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

func TestApplyWritesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	first := clustertest.Objects(t, namespace, app("", testImage(), "one"))
	before := c.Requests()
	changes, err := apply.Apply(t.Context(), c, first, apply.Options{})
	require.NoError(t, err)
	require.Equal(t, map[string]write.Action{"ConfigMap settings": write.Created, "Secret password": write.Created, "Service api": write.Created, "Deployment api": write.Created}, actions(changes))
	t.Logf("install: %d requests", c.Requests()-before)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, first, nil))

	before = c.Requests()
	again := clustertest.Objects(t, namespace, app("", testImage(), "two"))
	changes, err = apply.Apply(t.Context(), c, again, apply.Options{})
	require.NoError(t, err)
	t.Logf("unchanged: %d requests", c.Requests()-before)
	for _, change := range changes {
		require.Equal(t, write.Unchanged, change.Action, change.Name)
	}

	require.NoError(t, unstructured.SetNestedField(again[0].Object, "bye", "data", "greeting"))
	plan, err := apply.NewPlan(t.Context(), c, again, apply.Options{})
	require.NoError(t, err)
	changes = plan.Changes
	require.Equal(t, write.Configured, actions(changes)["ConfigMap settings"])
	require.Equal(t, write.Unchanged, actions(changes)["Deployment api"])
	changes, err = apply.Apply(t.Context(), c, again, apply.Options{})
	require.NoError(t, err)
	require.Equal(t, write.Configured, actions(changes)["ConfigMap settings"])
}

func TestApplyOfARefusedObjectChangesNothing(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, app("", testImage(), "one"))
	require.NoError(t, unstructured.SetNestedField(wanted[3].Object, "other", "spec", "template", "metadata", "labels", "app"))
	changes, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	refused := clustertest.RequireClass(t, err, cluster.Admission)
	require.Equal(t, "Deployment "+namespace+"/api", refused.Object)
	require.Empty(t, changes)
	_, err = c.Typed.CoreV1().ConfigMaps(namespace).Get(t.Context(), "settings", metav1.GetOptions{})
	require.ErrorContains(t, err, "not found")
}

func TestApplyNamesTheOwnerOfAConflictingField(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, app("", testImage(), "one"))[:1]
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	patch := []byte(`{"data":{"greeting":"by hand"}}`)
	_, err = c.Typed.CoreV1().ConfigMaps(namespace).Patch(t.Context(), "settings", "application/merge-patch+json", patch, metav1.PatchOptions{FieldManager: "somebody"})
	require.NoError(t, err)
	_, err = apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Admission), `field .data.greeting is set by "somebody"`)
}

func TestApplyNeverPrintsSecretValues(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	for name, secret := range map[string]string{
		"not base64":  "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {password: correct-horse!}}",
		"not text":    "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {password: 12345678}}",
		"invalid key": `{apiVersion: v1, kind: Secret, metadata: {name: s}, type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: "correct-horse"}}`,
	} {
		_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, secret), apply.Options{})
		clustertest.RequireClass(t, err, cluster.Admission)
		for _, value := range []string{"correct", "horse", "12345678"} {
			require.NotContains(t, err.Error(), value, name)
		}
	}
}

func TestApplyOfAnUnknownKindOrNamespaceIsAConfigurationError(t *testing.T) {
	t.Parallel()
	c := connect(t)
	_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, "slipway-nowhere", app("", testImage(), "one")), apply.Options{})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Misconfigured), "run bootstrap")
	_, err = apply.Apply(t.Context(), c, clustertest.Objects(t, "default", "{apiVersion: example.com/v1, kind: Thing, metadata: {name: x}}"), apply.Options{})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Misconfigured), "Thing default/x")
}

func TestApplyMakesANamespaceAndWhatIsInIt(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := clustertest.Objects(t, "", "{apiVersion: v1, kind: Namespace, metadata: {name: slipway-test-made}}")
	inside := clustertest.Objects(t, "slipway-test-made", app("", testImage(), "one"))[:2]
	changes, err := apply.Apply(t.Context(), c, append(inside, namespace...), apply.Options{})
	require.NoError(t, err)
	require.Len(t, changes, 3)
	removed, err := write.Delete(within(t, time.Minute), c, namespace)
	require.NoError(t, err)
	require.Len(t, removed, 1)
}
