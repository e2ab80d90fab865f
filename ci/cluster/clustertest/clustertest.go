// Package clustertest holds what tests of more than one of the cluster's packages use.
package clustertest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/yaml"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/diff"
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
func RequireClass(t *testing.T, err error, class cluster.Class) *cluster.Error {
	t.Helper()
	var known *cluster.Error
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

// LiveService is a Service as a cluster has it, and OwnedByUs the fields of it that
// we applied, as the API server notes them.
const LiveService = `
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
  uid: abc
  labels: {team: blue, slipway.dev/run: one, added-by: somebody}
spec:
  clusterIP: 10.0.0.1
  ports:
  - {name: http, port: 80, protocol: TCP, targetPort: 8080}
  - {name: admin, port: 81, protocol: TCP, targetPort: 8081}
  selector: {app: api}
  sessionAffinity: None`

const OwnedByUs = `{"f:metadata":{"f:labels":{"f:team":{},"f:slipway.dev/run":{}}},
"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{},"f:targetPort":{}}},"f:selector":{}}}`

// Live reads a document as an object of which we own the fields, and kubectl a label.
func Live(t *testing.T, document, fields string) *unstructured.Unstructured {
	t.Helper()
	object := Objects(t, "shop", document)[0]
	object.SetManagedFields([]metav1.ManagedFieldsEntry{
		{Manager: "kubectl", Operation: "Update", APIVersion: "v1", FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:added-by":{}}}}`)},
		{Manager: managed.FieldManager, Operation: "Apply", APIVersion: object.GetAPIVersion(), FieldsV1: metav1.NewFieldsV1(fields)},
	})
	return object
}

// Shown returns hunks as a terminal without colours shows them.
func Shown(hunks []diff.Hunk) string {
	var out strings.Builder
	for _, hunk := range hunks {
		fmt.Fprintf(&out, "@@ %s @@\n", hunk.Path)
		for _, line := range hunk.Lines {
			fmt.Fprintf(&out, "%c %s\n", line.Sign, line.Text)
		}
	}
	return out.String()
}

// AwaitControllers waits, for at most a minute, for what Kubernetes itself puts into a new namespace,
// so that it is there in a state that is counted or compared later.
func AwaitControllers(t *testing.T, client kubernetes.Interface, namespace string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	there := func(event watch.Event) (bool, error) { return event.Type == watch.Added, nil }
	named := func(name string) metav1.ListOptions {
		return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()}
	}
	accounts, err := client.CoreV1().ServiceAccounts(namespace).Watch(ctx, named("default"))
	require.NoError(t, err)
	_, err = watchtools.UntilWithoutRetry(ctx, accounts, there)
	require.NoError(t, err)
	roots, err := client.CoreV1().ConfigMaps(namespace).Watch(ctx, named("kube-root-ca.crt"))
	require.NoError(t, err)
	_, err = watchtools.UntilWithoutRetry(ctx, roots, there)
	require.NoError(t, err)
}
