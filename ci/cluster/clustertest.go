package cluster

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Objects reads YAML documents and puts them into the namespace.
func Objects(t *testing.T, namespace string, documents ...string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for _, document := range strings.Split(strings.Join(documents, "\n---\n"), "\n---\n") {
		object := &unstructured.Unstructured{}
		json, err := yaml.YAMLToJSON([]byte(document))
		require.NoError(t, err)
		require.NoError(t, object.UnmarshalJSON(json)) // whole numbers as int64, as everywhere else
		object.SetNamespace(namespace)
		out = append(out, object)
	}
	return out
}

// RequireClass requires an error of the class and returns it.
func RequireClass(t *testing.T, err error, class Class) *Error {
	t.Helper()
	var known *Error
	require.ErrorAs(t, err, &known)
	require.Equal(t, class, known.Class, "%v", err)
	return known
}

// Ingress is the YAML of one with a single path to the Service api.
func Ingress(name, host, path, pathType string) string {
	return fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: %s}
spec:
  rules:
  - host: %q
    http: {paths: [{path: %q, pathType: %s, backend: {service: {name: api, port: {number: 80}}}}]}`, name, host, path, pathType)
}

// HTTPRoute is the YAML of one with a single rule.
func HTTPRoute(name, hosts, match string) string {
	return fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s}
spec: {hostnames: %s, rules: [{matches: %s}]}`, name, hosts, match)
}
