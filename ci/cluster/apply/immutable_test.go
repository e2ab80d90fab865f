package apply

import (
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestChangedFieldsAreThoseThatTheOverlayGivesAndTheLiveObjectHasNot(t *testing.T) {
	t.Parallel()
	live := map[string]any{"spec": map[string]any{"policy": "Ordered", "replicas": int64(1), "ports": []any{map[string]any{"port": int64(80), "protocol": "TCP"}}, "default": true}}
	wanted := map[string]any{"spec": map[string]any{"policy": "Parallel", "replicas": int64(1), "ports": []any{map[string]any{"port": int64(81)}}, "new": map[string]any{"a": "b"}}}
	require.ElementsMatch(t, []string{"spec.policy", "spec.ports[0].port", "spec.new.a"}, changedFields(live, wanted, ""))
	require.Empty(t, changedFields(live, live, ""))
}

func TestAFieldThatTheServerSaysItWouldTakeIsNotTheRefusedOne(t *testing.T) {
	t.Parallel()
	cause := metav1.StatusCause{Field: "spec", Message: "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden"}
	require.True(t, refusedBy(cause, "spec.podManagementPolicy"))
	require.False(t, refusedBy(cause, "spec.template.spec.containers[0].image"))
	require.False(t, refusedBy(cause, "specific"))
	require.False(t, refusedBy(cause, "metadata.labels.a"))
	require.True(t, refusedBy(metav1.StatusCause{Field: "spec.selector"}, "spec.selector.matchLabels.app"))
}
