package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
)

// requireAdmitted requires that the server would take the objects without a word.
func requireAdmitted(t *testing.T, c *cluster.Cluster, objects []*unstructured.Unstructured, opts apply.Options) {
	t.Helper()
	said, err := apply.Admit(t.Context(), c, objects, opts)
	require.NoError(t, err)
	require.Empty(t, said.Refused)
	require.Empty(t, said.Warnings)
}

// loose are workloads that Pod Security's restricted level does not take, a Service that
// cannot be and one that can.
const loose = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: shop}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: nightly, image: shop}]}}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 700000}]}
---
apiVersion: v1
kind: Service
metadata: {name: good}
spec: {ports: [{port: 80}]}`

func TestAllThatTheServerWouldRefuseIsKnownBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	level := func(labels string) {
		_, err := c.Typed.CoreV1().Namespaces().Patch(t.Context(), namespace, types.MergePatchType, []byte(`{"metadata":{"labels":`+labels+`}}`), metav1.PatchOptions{})
		require.NoError(t, err)
	}
	level(`{"pod-security.kubernetes.io/enforce": "restricted"}`)
	said, err := apply.Admit(t.Context(), c, clustertest.Objects(t, namespace, loose), apply.Options{})
	require.NoError(t, err)
	require.Len(t, said.Refused, 3)
	require.Empty(t, said.Warnings)
	for i, want := range []string{
		"Deployment " + namespace + `/web: its pods would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set`,
		"CronJob " + namespace + `/nightly: its pods would violate PodSecurity "restricted:latest": `,
		"Service " + namespace + "/web: ",
	} {
		require.ErrorContains(t, clustertest.RequireClass(t, said.Refused[i], cluster.Admission), want)
		require.NotContains(t, said.Refused[i].Error(), "\n")
	}

	level(`{"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "restricted"}`)
	said, err = apply.Admit(t.Context(), c, clustertest.Objects(t, namespace, loose), apply.Options{})
	require.NoError(t, err)
	require.Len(t, said.Refused, 1, "pods are taken, with a warning")
	require.Len(t, said.Warnings, 2)

	services, err := c.Typed.CoreV1().Services(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Empty(t, services.Items, "nothing is written")
}

func TestAKindThatTheClusterDoesNotHaveIsKnownBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	said, err := apply.Admit(t.Context(), c, clustertest.Objects(t, namespace, "{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}}", "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}"), apply.Options{})
	require.NoError(t, err)
	require.Len(t, said.Refused, 1)
	require.ErrorContains(t, clustertest.RequireClass(t, said.Refused[0], cluster.Misconfigured), "the cluster does not know this kind")
}
