package cluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestApplyWritesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	first := Objects(t, namespace, app("", testImage(), "one"))
	before := c.Requests()
	changes, err := c.Apply(t.Context(), first, ApplyOptions{})
	require.NoError(t, err)
	require.Equal(t, map[string]Action{"ConfigMap settings": Created, "Secret password": Created, "Service api": Created, "Deployment api": Created}, actions(changes))
	t.Logf("install: %d requests", c.Requests()-before)
	require.NoError(t, c.Wait(within(t, time.Minute), first, nil))

	before = c.Requests()
	again := Objects(t, namespace, app("", testImage(), "two"))
	changes, err = c.Apply(t.Context(), again, ApplyOptions{})
	require.NoError(t, err)
	t.Logf("unchanged: %d requests", c.Requests()-before)
	for _, change := range changes {
		require.Equal(t, Unchanged, change.Action, change.Name)
	}

	require.NoError(t, unstructured.SetNestedField(again[0].Object, "bye", "data", "greeting"))
	plan, err := c.Plan(t.Context(), again, ApplyOptions{})
	require.NoError(t, err)
	changes = plan.Changes
	require.Equal(t, Configured, actions(changes)["ConfigMap settings"])
	require.Equal(t, Unchanged, actions(changes)["Deployment api"])
	changes, err = c.Apply(t.Context(), again, ApplyOptions{})
	require.NoError(t, err)
	require.Equal(t, Configured, actions(changes)["ConfigMap settings"])
}

func TestApplyOfARefusedObjectChangesNothing(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := Objects(t, namespace, app("", testImage(), "one"))
	require.NoError(t, unstructured.SetNestedField(wanted[3].Object, "other", "spec", "template", "metadata", "labels", "app"))
	changes, err := c.Apply(t.Context(), wanted, ApplyOptions{})
	refused := RequireClass(t, err, Admission)
	require.Equal(t, "Deployment "+namespace+"/api", refused.Object)
	require.Empty(t, changes)
	_, err = c.typed.CoreV1().ConfigMaps(namespace).Get(t.Context(), "settings", metav1.GetOptions{})
	require.ErrorContains(t, err, "not found")
}

func TestApplyNamesTheOwnerOfAConflictingField(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := Objects(t, namespace, app("", testImage(), "one"))[:1]
	_, err := c.Apply(t.Context(), wanted, ApplyOptions{})
	require.NoError(t, err)
	patch := []byte(`{"data":{"greeting":"by hand"}}`)
	_, err = c.typed.CoreV1().ConfigMaps(namespace).Patch(t.Context(), "settings", "application/merge-patch+json", patch, metav1.PatchOptions{FieldManager: "somebody"})
	require.NoError(t, err)
	_, err = c.Apply(t.Context(), wanted, ApplyOptions{})
	require.ErrorContains(t, RequireClass(t, err, Admission), `field .data.greeting is set by "somebody"`)
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
		_, err := c.Apply(t.Context(), Objects(t, namespace, secret), ApplyOptions{})
		RequireClass(t, err, Admission)
		for _, value := range []string{"correct", "horse", "12345678"} {
			require.NotContains(t, err.Error(), value, name)
		}
	}
}

func TestApplyOfAnUnknownKindOrNamespaceIsAConfigurationError(t *testing.T) {
	t.Parallel()
	c := connect(t)
	_, err := c.Apply(t.Context(), Objects(t, "slipway-nowhere", app("", testImage(), "one")), ApplyOptions{})
	require.ErrorContains(t, RequireClass(t, err, Misconfigured), "run bootstrap")
	_, err = c.Apply(t.Context(), Objects(t, "default", "{apiVersion: example.com/v1, kind: Thing, metadata: {name: x}}"), ApplyOptions{})
	require.ErrorContains(t, RequireClass(t, err, Misconfigured), "Thing default/x")
}

func TestApplyMakesANamespaceAndWhatIsInIt(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := Objects(t, "", "{apiVersion: v1, kind: Namespace, metadata: {name: slipway-test-made}}")
	inside := Objects(t, "slipway-test-made", app("", testImage(), "one"))[:2]
	changes, err := c.Apply(t.Context(), append(inside, namespace...), ApplyOptions{})
	require.NoError(t, err)
	require.Len(t, changes, 3)
	removed, err := c.Delete(within(t, time.Minute), namespace)
	require.NoError(t, err)
	require.Len(t, removed, 1)
}
