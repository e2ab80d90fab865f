package cluster

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/scripts/light"
)

// ownCluster starts a control plane that only one test uses: it may restart it,
// or count on nobody else being there.
func ownCluster(t *testing.T) (*light.Cluster, *Cluster) {
	t.Helper()
	if os.Getenv("SLIPWAY_LIGHT_TEST") == "" {
		t.Skip("SLIPWAY_LIGHT_TEST is not set: the light tier's programs may have to be built")
	}
	programs, err := light.Build(t.Context(), "../..")
	require.NoError(t, err)
	plane, err := light.Start(t.Context(), programs)
	require.NoError(t, err)
	t.Cleanup(plane.Stop)
	c, err := Connect(t.Context(), Config{Kubeconfig: plane.Kubeconfig, UserAgent: "slipway-test"})
	require.NoError(t, err)
	return plane, c
}

func TestAWaitOutlivesARestartOfTheAPIServer(t *testing.T) {
	t.Parallel()
	plane, c := ownCluster(t)
	namespace := newNamespace(t, c)
	wanted := objects(t, namespace, app("", testImage(), "one"))
	require.NoError(t, unstructured.SetNestedField(wanted[3].Object, int64(10), "spec", "minReadySeconds")) // still waited for when the server goes
	_, err := c.Apply(t.Context(), wanted, ApplyOptions{})
	require.NoError(t, err)
	var once sync.Once
	var told []string
	restarted := make(chan error, 1)
	err = c.Wait(within(t, 3*time.Minute), wanted, func(object, state string) {
		told = append(told, object+": "+state)
		if strings.HasPrefix(object, "Deployment ") {
			once.Do(func() { go func() { restarted <- plane.Restart(t.Context(), 30*time.Second) }() })
		}
	})
	require.NoError(t, err)
	require.NoError(t, <-restarted, "it was taken for done while the server was away")
	require.Contains(t, strings.Join(told, "\n"), "cluster: does not answer, trying again")
	require.Equal(t, "cluster: answers again", told[len(told)-2], "%v", told)
}

func TestTwoHundredObjectsCostFewRequests(t *testing.T) {
	t.Parallel()
	_, c := ownCluster(t)
	namespace := newNamespace(t, c)
	for _, deploy := range []struct {
		name, value string
		most        int64
	}{{"install", "a", 210}, {"unchanged", "a", 20}, {"upgrade", "b", 210}} {
		var wanted []*unstructured.Unstructured
		for i := range 50 {
			all := objects(t, namespace, app(fmt.Sprint("-", i), testImage(), "one"))
			require.NoError(t, unstructured.SetNestedField(all[0].Object, deploy.value, "data", "greeting"))
			require.NoError(t, unstructured.SetNestedField(all[1].Object, deploy.value, "stringData", "password"))
			require.NoError(t, unstructured.SetNestedField(all[2].Object, deploy.value, "metadata", "annotations", "value"))
			require.NoError(t, unstructured.SetNestedField(all[3].Object, deploy.value, "spec", "template", "metadata", "annotations", "value"))
			wanted = append(wanted, all...)
		}
		before := c.Requests()
		plan, err := c.Plan(t.Context(), wanted, ApplyOptions{})
		require.NoError(t, err)
		require.Len(t, plan.Changes, 200)
		require.Equal(t, deploy.name != "unchanged", plan.Writes())
		if plan.Writes() {
			_, err := c.SaveUndo(t.Context(), UndoRecord{Namespace: namespace, Run: deploy.name}, plan)
			require.NoError(t, err)
		}
		_, err = c.Carry(t.Context(), plan, nil)
		require.NoError(t, err)
		require.NoError(t, c.Wait(within(t, time.Minute), wanted, nil))
		t.Logf("%s: %d requests", deploy.name, c.Requests()-before)
		require.LessOrEqual(t, c.Requests()-before, deploy.most, deploy.name)
	}
}
