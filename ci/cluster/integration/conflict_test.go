package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

func TestAFieldThatAnAutoscalerSetsIsLeftToIt(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, app("", testImage(), "one"))[3:]
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "api", Namespace: namespace}, Spec: autoscalingv1.ScaleSpec{Replicas: 3}}
	_, err = c.Typed.AppsV1().Deployments(namespace).UpdateScale(t.Context(), "api", scale, metav1.UpdateOptions{FieldManager: "kube-controller-manager"}) // as the HorizontalPodAutoscaler does
	require.NoError(t, err)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, nil), "the controller writes annotations until then")

	changes, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	require.Equal(t, "spec.replicas is left to kube-controller-manager", changes[0].Note)
	require.Equal(t, write.Unchanged, changes[0].Action)
	require.NoError(t, unstructured.SetNestedField(wanted[0].Object, "x", "metadata", "annotations", "new"))
	changes, err = apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	require.Equal(t, write.Configured, changes[0].Action)
	now, err := c.Typed.AppsV1().Deployments(namespace).Get(t.Context(), "api", metav1.GetOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 3, *now.Spec.Replicas)
	require.Equal(t, "x", now.Annotations["new"])
}

func TestAFieldThatAPersonSetIsNotTaken(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	wanted := clustertest.Objects(t, namespace, app("", testImage(), "one"))[3:]
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "api", Namespace: namespace}, Spec: autoscalingv1.ScaleSpec{Replicas: 3}}
	_, err = c.Typed.AppsV1().Deployments(namespace).UpdateScale(t.Context(), "api", scale, metav1.UpdateOptions{FieldManager: "kubectl"})
	require.NoError(t, err)
	_, err = apply.NewPlan(t.Context(), c, wanted, apply.Options{})
	refused := clustertest.RequireClass(t, err, cluster.Admission)
	require.Equal(t, "Deployment "+namespace+"/api", refused.Object)
	require.Contains(t, refused.Cause, `field .spec.replicas is set by "kubectl"`)
}

func TestAQuotaOnNumbersIsSeenBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	_, err := c.Typed.CoreV1().ResourceQuotas(namespace).Create(t.Context(), &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "few"},
		Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/configmaps": quantity.MustParse("2")}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, configMap("a", "one", "x"), configMap("b", "one", "x"), configMap("c", "one", "x")), apply.Options{})
	refused := clustertest.RequireClass(t, err, cluster.Admission)
	require.Contains(t, refused.Cause, "exceeded quota")
	for _, name := range []string{"a", "b", "c"} {
		_, err := c.Typed.CoreV1().ConfigMaps(namespace).Get(t.Context(), name, metav1.GetOptions{})
		require.ErrorContains(t, err, "not found")
	}
}

func TestAWaveThatIsNoNumberIsRefused(t *testing.T) {
	t.Parallel()
	wanted := clustertest.Objects(t, "shop", `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {slipway.dev/wave: first}}}`)
	require.ErrorContains(t, rollout.CheckAnnotations(wanted), `ConfigMap shop/a: annotation slipway.dev/wave is not a whole number: "first"`)
}
