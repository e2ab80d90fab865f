package integration

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// held is a ConfigMap that somebody else keeps from going for three seconds after its deletion.
func held(t *testing.T, c *cluster.Cluster, namespace string) {
	t.Helper()
	_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, namespace,
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: held, labels: {slipway.dev/run: one}, finalizers: [example.com/hold]}}"), apply.Options{})
	require.NoError(t, err)
	release := func() {
		_, err := c.Typed.CoreV1().ConfigMaps(namespace).Patch(context.Background(), "held", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		require.NoError(t, err)
	}
	time.AfterFunc(3*time.Second, release)
}

func TestARemovalThatTakesLongSaysWhatIsStillThere(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for name, c := range map[string]struct {
		remove func(namespace string, progress func(object, state string)) error
		want   func(namespace string) []string
	}{
		"of an object": {func(namespace string, progress func(object, state string)) error {
			gone := clustertest.Objects(t, namespace, "{apiVersion: v1, kind: ConfigMap, metadata: {name: held}}")
			_, err := write.Delete(write.WithProgress(within(t, time.Minute), progress), c, gone)
			return err
		}, func(namespace string) []string {
			return []string{"ConfigMap " + namespace + "/held: is not gone yet", "ConfigMap " + namespace + "/held: deleted"}
		}},
		"of a run": {func(namespace string, progress func(object, state string)) error {
			_, err := runs.Delete(within(t, time.Minute), c, namespace, "one", progress)
			return err
		}, func(string) []string { return []string{"run one: not gone: configmap held", "run one: gone"} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t, connect(t))
			held(t, connect(t), namespace)
			var heard []string
			require.NoError(t, c.remove(namespace, func(object, state string) { heard = append(heard, object+": "+state) }))
			require.Equal(t, c.want(namespace), heard)
		})
	}
}
