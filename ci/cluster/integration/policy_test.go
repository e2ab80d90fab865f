package integration

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

// Without this, what applications allow themselves would be tested nowhere.
func TestTheSandboxEnforcesNetworkPolicies(t *testing.T) {
	t.Parallel()
	c := connect(t)
	needKubelet(t, c)
	namespace := newNamespace(t, c)
	carry := func(documents ...string) {
		_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, documents...), apply.Options{})
		require.NoError(t, err)
	}
	carry(app("", testImage(), "one"))
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, clustertest.Objects(t, namespace, app("", testImage(), "one")), nil))
	require.True(t, reaches(t, c, namespace, "open"))

	policies, err := os.ReadFile("../../../kustomize/namespaces/base/networkpolicies.yaml") // those of the namespaces that bootstrap makes
	require.NoError(t, err)
	carry(strings.Split(string(policies), "---\n")...)
	require.False(t, reaches(t, c, namespace, "denied"))

	carry(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: client}
spec: {podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: http}]}]}`)
	require.False(t, reaches(t, c, namespace, "half"), "the server's own policies count, too")
	carry(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api}
spec: {podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 8080}]}]}`)
	require.True(t, reaches(t, c, namespace, "allowed"))
}

// reaches tells whether a new pod connects to the Service api, in the first moment
// that it lives.
func reaches(t *testing.T, c *cluster.Cluster, namespace, name string) bool {
	t.Helper()
	pods := c.Typed.CoreV1().Pods(namespace)
	_, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "client"}},
		Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{
			Name: "client", Image: "postgres:17", // it has a shell
			Command: []string{"timeout", "2", "bash", "-c", "exec 3<>/dev/tcp/$API_SERVICE_HOST/$API_SERVICE_PORT"},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	var phase corev1.PodPhase
	require.Eventually(t, func() bool {
		pod, err := pods.Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return false
		}
		phase = pod.Status.Phase
		return phase == corev1.PodSucceeded || phase == corev1.PodFailed
	}, time.Minute, 100*time.Millisecond)
	return phase == corev1.PodSucceeded
}
