package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/utils/ptr"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

func TestWhatAnAutoscalerHasSetIsLeftToIt(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "scaled")
	r := w.newRepository(t, n.production)
	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	_, err := w.typed.AutoscalingV2().HorizontalPodAutoscalers(n.production).Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "api"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: ptr.To[int32](3), MaxReplicas: 4,
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "api"}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	w.awaitReplicas(t, n, 3)
	for name, patch := range map[string]string{
		"replicas said otherwise": container("env: [{name: LOG_LEVEL, value: debug}]"),
		"replicas unset":          deployment("replicas: null, template: {metadata: {annotations: {changed: 'yes'}}}"),
	} {
		t.Run(name, func(t *testing.T) {
			r := r.branch(t)
			r.overlay(patch, "")
			if strings.HasSuffix(name, "unset") {
				r.edit(productionFolder+"kustomization.yaml", "replicas:\n- name: api\n  count: 2\n", "")
			}
			done := w.pipeline(t, r, n, "--version", first.report.Version)
			require.Equal(t, 0, done.code, done.stdout+done.stderr)
			live, err := w.typed.AppsV1().Deployments(n.production).Get(t.Context(), "api", metav1.GetOptions{})
			require.NoError(t, err)
			require.EqualValues(t, 3, *live.Spec.Replicas)
			require.EqualValues(t, 3, live.Status.ReadyReplicas)
		})
	}
}

// awaitReplicas waits until the Deployment has so many replicas, and all are ready.
func (w *world) awaitReplicas(t *testing.T, n namespaces, count int32) {
	t.Helper()
	ctx, cancel := watchtools.ContextWithOptionalTimeout(t.Context(), time.Minute)
	defer cancel()
	named := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", "api").String()}
	found, err := w.typed.AppsV1().Deployments(n.production).Watch(ctx, named)
	require.NoError(t, err)
	_, err = watchtools.UntilWithoutRetry(ctx, found, func(event watch.Event) (bool, error) {
		d, ok := event.Object.(*appsv1.Deployment)
		return ok && *d.Spec.Replicas == count && d.Status.ReadyReplicas == count, nil
	})
	require.NoError(t, err)
}

func TestAnOldPodThatTakesLongToEndIsWaitedFor(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "linger")
	r := w.newRepository(t, n.production)
	lingers := func(level string) string {
		return pods("terminationGracePeriodSeconds: 60, containers: [{name: api, env: [{name: DRAIN_DELAY, value: 10s}, {name: LOG_LEVEL, value: " + level + "}]}]")
	}
	r.overlay(lingers("info"), "")
	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	r.overlay(lingers("debug"), "")
	done := w.pipeline(t, r, n, "--version", first.report.Version)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Greater(t, done.stage(t, "deploy").Seconds, 10.0, "the old pods were still there")
	all, err := w.typed.CoreV1().Pods(n.production).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=api"})
	require.NoError(t, err)
	require.Len(t, all.Items, 2, "an old pod is still there")
}

func TestWhatAnOverlayNoLongerHasIsPruned(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "prune")
	r := w.newRepository(t, n.production)
	config := "{apiVersion: v1, kind: ConfigMap, metadata: {name: more}, data: {a: b}}"
	claim := "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: more}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}"
	r.overlay("", config+"\n---\n"+claim)
	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	before := w.snapshot(t, n)
	r.overlay("", "")
	r.commit()
	holds := func(kind string) bool { _, ok := w.snapshot(t, n)[kind+" "+n.production+"/more"]; return ok }

	strict := r.branch(t)
	strict.refuseOthers("^1-")
	undone := w.pipeline(t, strict, n)
	require.Equal(t, 21, undone.code, undone.stdout+undone.stderr)
	requireSame(t, before.restored(n).recreated(), w.snapshot(t, n).restored(n).recreated(), "what was pruned is not back as it was")

	done := w.pipeline(t, r, n)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.False(t, holds("ConfigMap"), "not pruned, after it was pruned and put back once")
	require.True(t, holds("PersistentVolumeClaim"), "a claim is pruned that nobody named")

	done = w.pipeline(t, r, n, "--prune", "PersistentVolumeClaim/more")
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.False(t, holds("PersistentVolumeClaim"), "named, and not pruned")
}

func TestAnOutageOfTheAPIServerIsWaitedThrough(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "outage")
	r := w.newRepository(t, n.production)
	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	between := w.proxy(t, n)
	for i, away := range []time.Duration{0, 30 * time.Second} {
		t.Run(away.String(), func(t *testing.T) {
			r := r.branch(t)
			r.overlay(deployment(fmt.Sprintf("template: {metadata: {annotations: {changed: again-%d}}}", i)), "")
			done := w.start(t, r, n, between.cutAt("deploy: Deployment ", away), "--version", first.report.Version)()
			require.Equal(t, 0, done.code, done.stdout+done.stderr)
			require.Equal(t, allPassed, done.results())
			require.True(t, between.wasCut(), "no connection was cut")
			live, err := w.typed.AppsV1().Deployments(n.production).Get(t.Context(), "api", metav1.GetOptions{})
			require.NoError(t, err)
			require.EqualValues(t, 2, live.Status.UpdatedReplicas)
			require.Equal(t, corev1.ConditionTrue, live.Status.Conditions[0].Status)
		})
	}
}
