package runs

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAPodHasEndedOnlyWhenItGoesAndItsKubeletSaysSo(t *testing.T) {
	t.Parallel()
	going := metav1.Now()
	for name, c := range map[string]struct {
		deletion *metav1.Time
		phase    corev1.PodPhase
		ended    bool
	}{
		"it runs":                              {nil, corev1.PodRunning, false},
		"it goes and its containers still run": {&going, corev1.PodRunning, false},
		"it goes and was never started":        {&going, corev1.PodPending, false},
		"it ended by itself and stays":         {nil, corev1.PodSucceeded, false},
		"it goes and has ended well":           {&going, corev1.PodSucceeded, true},
		"it goes and was killed":               {&going, corev1.PodFailed, true},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: c.deletion}, Status: corev1.PodStatus{Phase: c.phase}}
		require.Equal(t, c.ended, hasEnded(pod), name)
	}
	require.False(t, hasEnded(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &going}}))
}
