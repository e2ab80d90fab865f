package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
)

const stateful = `
apiVersion: v1
kind: Service
metadata: {name: database, labels: {slipway.dev/run: one}}
spec: {clusterIP: None, selector: {app: database, slipway.dev/run: one}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: database, labels: {slipway.dev/run: one}}
spec:
  serviceName: database
  selector: {matchLabels: {app: database, slipway.dev/run: one}}
  template:
    metadata: {labels: {app: database, slipway.dev/run: one}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: database, image: "registry.example/database:1"}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}`

func TestDeleteRunLeavesNothingOfTheRunAndAllOfOthers(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	owner, err := runs.Begin(t.Context(), c, namespace, "one", map[string]string{"commit": "abc"})
	require.NoError(t, err)
	_, err = apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, app("-one", testImage(), "one"), stateful), apply.Options{Owner: &owner})
	require.NoError(t, err)
	other, err := runs.Begin(t.Context(), c, namespace, "two", nil)
	require.NoError(t, err)
	_, err = apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, app("-two", testImage(), "two")), apply.Options{Owner: &other})
	require.NoError(t, err)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, clustertest.Objects(t, namespace, app("-one", testImage(), "one")), nil))
	recorded, err := runs.List(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Len(t, recorded, 2)
	require.Equal(t, map[string]string{"commit": "abc"}, recorded[0].Data)

	before, start := c.Requests(), time.Now()
	found, err := runs.Delete(within(t, time.Minute), c, namespace, "one", nil)
	require.NoError(t, err)
	require.Contains(t, found, "deployment api-one")
	t.Logf("delete: %d requests, %s", c.Requests()-before, time.Since(start))
	found, err = runs.Delete(within(t, time.Minute), c, namespace, "one", nil)
	require.NoError(t, err, "again")
	require.Empty(t, found)

	pods, err := c.Typed.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, pods.Items, 2)
	claims, err := c.Typed.CoreV1().PersistentVolumeClaims(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Empty(t, claims.Items)
	deployments, err := c.Typed.AppsV1().Deployments(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, deployments.Items, 1)
	require.Equal(t, "api-two", deployments.Items[0].Name)
}

func TestReleasesKeepsTheNewestFive(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	for i, run := range []string{"a", "b", "c", "d", "e", "f"} {
		release := records.Release{Version: "1." + run, Run: run, Time: time.Unix(int64(i), 0).UTC(), Objects: clustertest.Objects(t, namespace, app("", testImage(), run))}
		require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &release))
	}
	releases, _, err := records.Releases(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Len(t, releases, 5)
	require.Equal(t, "1.f", releases[0].Version)
	require.Equal(t, "1.b", releases[4].Version)
	require.Equal(t, clustertest.Objects(t, namespace, app("", testImage(), "f")), releases[0].Objects)
}
