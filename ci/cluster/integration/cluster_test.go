package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// TestMain lets tests against a cluster run beside each other, however few cores
// there are: what they do is wait.
func TestMain(m *testing.M) {
	if os.Getenv(deployerEnv) != "" {
		os.Exit(deployer())
	}
	flag.Parse()
	if os.Getenv("SLIPWAY_TEST_KUBECONFIG") != "" {
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// testImage answers HTTP at /live and ends when LOG_LEVEL is none; only a real
// kubelet needs it to exist.
func testImage() string {
	if image := os.Getenv("SLIPWAY_TEST_IMAGE"); image != "" {
		return image
	}
	return "registry.example/app:1"
}

// connect returns the cluster that tests may use, with administrator's rights.
func connect(t *testing.T) *cluster.Cluster {
	t.Helper()
	return connectWith(t, cluster.Config{})
}

// connectWith is connect with more of a configuration.
func connectWith(t *testing.T, config cluster.Config) *cluster.Cluster {
	t.Helper()
	file := os.Getenv("SLIPWAY_TEST_KUBECONFIG")
	if file == "" {
		t.Skip("SLIPWAY_TEST_KUBECONFIG is not set: no cluster to test against")
	}
	config.Kubeconfig, config.UserAgent = file, "slipway-test"
	c, err := cluster.Connect(t.Context(), config)
	require.NoError(t, err)
	return c
}

// newNamespace makes a namespace that goes with the test.
func newNamespace(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	made, err := c.Typed.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "slipway-test-"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		err := c.Typed.CoreV1().Namespaces().Delete(context.Background(), made.Name, metav1.DeleteOptions{})
		require.NoError(t, err)
	})
	return made.Name
}

// app is a small application: config, Secret, Service and Deployment.
func app(suffix, image, run string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: ConfigMap
metadata: {name: settings%[1]s, labels: {slipway.dev/run: %[3]q}}
data: {greeting: hello}
---
apiVersion: v1
kind: Secret
metadata: {name: password%[1]s, labels: {slipway.dev/run: %[3]q}}
stringData: {password: correct-horse}
---
apiVersion: v1
kind: Service
metadata: {name: api%[1]s, labels: {slipway.dev/run: %[3]q}}
spec:
  selector: {app: api%[1]s}
  ports: [{name: http, port: 8080, targetPort: http}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api%[1]s, labels: {slipway.dev/run: %[3]q}}
spec:
  replicas: 2
  selector: {matchLabels: {app: api%[1]s}}
  template:
    metadata: {labels: {app: api%[1]s}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: api
        image: %[2]s
        env: [{name: DATABASE_HOST, value: 127.0.0.1}]
        ports: [{name: http, containerPort: 8080}]
        resources: {requests: {cpu: 10m, memory: 16Mi}}`, suffix, image, run)
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func actions(changes []write.Change) map[string]write.Action {
	out := map[string]write.Action{}
	for _, change := range changes {
		out[change.Kind+" "+change.Name] = change.Action
	}
	return out
}

// probedApp is a Deployment of one pod that answers its readiness probe; change,
// if not nil, may make something else of it.
func probedApp(change func(deployment, pod, container map[string]any)) string {
	container := map[string]any{"name": "api", "image": testImage(), "env": []any{map[string]any{"name": "DATABASE_HOST", "value": "127.0.0.1"}},
		"ports":          []any{map[string]any{"name": "http", "containerPort": int64(8080)}},
		"readinessProbe": map[string]any{"periodSeconds": int64(1), "httpGet": map[string]any{"port": "http", "path": "/live"}},
		"resources":      map[string]any{"requests": map[string]any{"cpu": "10m", "memory": "16Mi"}}}
	pod := map[string]any{"terminationGracePeriodSeconds": int64(1), "containers": []any{container}}
	labels := map[string]any{"app": "api"}
	spec := map[string]any{"selector": map[string]any{"matchLabels": labels}, "template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": pod}}
	if change != nil {
		change(spec, pod, container)
	}
	out, err := yaml.Marshal(map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "api"}, "spec": spec})
	if err != nil {
		panic(err)
	}
	return string(out)
}
