package managed

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestOrderPutsConfigurationBeforeWorkloadsAndRoutesLast(t *testing.T) {
	t.Parallel()
	var given []*unstructured.Unstructured
	for _, kind := range []string{"Ingress", "Deployment", "Certificate", "Secret", "Namespace", "Service", "ConfigMap", "StatefulSet"} {
		given = append(given, &unstructured.Unstructured{Object: map[string]any{"kind": kind}})
	}
	var kinds [][]string
	for _, group := range Order(given) {
		var names []string
		for _, object := range group {
			names = append(names, object.GetKind())
		}
		kinds = append(kinds, names)
	}
	require.Equal(t, [][]string{{"Namespace"}, {"Secret", "ConfigMap"}, {"Service"}, {"Deployment", "Certificate", "StatefulSet"}, {"Ingress"}}, kinds)
	require.Contains(t, steps[workloadStep], "Deployment")
}

func TestMaskHidesEveryFormOfASecret(t *testing.T) {
	t.Parallel()
	secret := &unstructured.Unstructured{Object: map[string]any{"kind": "Secret",
		"data":       map[string]any{"a": "Y29ycmVjdC1ob3JzZQ=="},
		"stringData": map[string]any{"b": "line one\nline \"two\"", "c": "on"},
	}}
	values := SecretValues([]*unstructured.Unstructured{secret})
	for _, text := range []string{"Y29ycmVjdC1ob3JzZQ==", "is correct-horse!", "line one", `line "two"`, `"line one\nline \"two\""`} {
		require.Contains(t, Mask("x "+text, values), hidden, text)
	}
	require.Equal(t, "turned on", Mask("turned on", values), "too short to be a secret")
}
