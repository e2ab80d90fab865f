package cluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	owner, err := c.BeginRun(t.Context(), namespace, "one", map[string]string{"commit": "abc"})
	require.NoError(t, err)
	_, err = c.Apply(t.Context(), Objects(t, namespace, app("-one", testImage(), "one"), stateful), ApplyOptions{Owner: &owner})
	require.NoError(t, err)
	other, err := c.BeginRun(t.Context(), namespace, "two", nil)
	require.NoError(t, err)
	_, err = c.Apply(t.Context(), Objects(t, namespace, app("-two", testImage(), "two")), ApplyOptions{Owner: &other})
	require.NoError(t, err)
	require.NoError(t, c.Wait(within(t, time.Minute), Objects(t, namespace, app("-one", testImage(), "one")), nil))
	recorded, err := c.Runs(t.Context(), namespace)
	require.NoError(t, err)
	require.Len(t, recorded, 2)
	require.Equal(t, map[string]string{"commit": "abc"}, recorded[0].Data)

	before, start := c.Requests(), time.Now()
	found, err := c.DeleteRun(within(t, time.Minute), namespace, "one")
	require.NoError(t, err)
	require.Contains(t, found, "deployment api-one")
	t.Logf("delete: %d requests, %s", c.Requests()-before, time.Since(start))
	found, err = c.DeleteRun(within(t, time.Minute), namespace, "one")
	require.NoError(t, err, "again")
	require.Empty(t, found)

	pods, err := c.typed.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, pods.Items, 2)
	claims, err := c.typed.CoreV1().PersistentVolumeClaims(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Empty(t, claims.Items)
	deployments, err := c.typed.AppsV1().Deployments(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, deployments.Items, 1)
	require.Equal(t, "api-two", deployments.Items[0].Name)
}

func TestReleasesKeepsTheNewestFive(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	for i, run := range []string{"a", "b", "c", "d", "e", "f"} {
		release := Release{Version: "1." + run, Run: run, Time: time.Unix(int64(i), 0).UTC(), Objects: Objects(t, namespace, app("", testImage(), run))}
		require.NoError(t, c.SaveRelease(t.Context(), namespace, &release))
	}
	releases, _, err := c.Releases(t.Context(), namespace)
	require.NoError(t, err)
	require.Len(t, releases, 5)
	require.Equal(t, "1.f", releases[0].Version)
	require.Equal(t, "1.b", releases[4].Version)
	require.Equal(t, Objects(t, namespace, app("", testImage(), "f")), releases[0].Objects)
}
