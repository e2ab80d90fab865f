package others

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// kubeconfig is the variable that names the cluster to test against.
const kubeconfig = "SLIPWAY_TEST_KUBECONFIG"

// world is a namespace of a real cluster, with clients for what neither tool does.
type world struct {
	namespace string
	slipway   *cluster.Cluster
	typed     kubernetes.Interface
}

func newWorld(t *testing.T) world {
	t.Helper()
	file := os.Getenv(kubeconfig)
	if file == "" {
		t.Skip(kubeconfig + " is not set: no cluster to test against")
	}
	config, err := clientcmd.BuildConfigFromFlags("", file)
	require.NoError(t, err)
	w := world{typed: kubernetes.NewForConfigOrDie(config)}
	made, err := w.typed.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "slipway-others-"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	w.namespace = made.Name
	t.Cleanup(func() {
		require.NoError(t, w.typed.CoreV1().Namespaces().Delete(context.Background(), w.namespace, metav1.DeleteOptions{}))
	})
	w.slipway, err = cluster.Connect(t.Context(), cluster.Config{Kubeconfig: file, UserAgent: "slipway-test"})
	require.NoError(t, err)
	return w
}

// overlay is the same application for Slipway, with another level and image.
var overlay = map[string]string{
	".slipway.yaml": "name: shop\nfunctional: [/tests]\nproduction: [/tests]\npassed: ok\n",
	"kustomize/overlays/production/kustomization.yaml": "resources: [app.yaml]\n",
	"kustomize/overlays/production/app.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {level: debug}
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  selector: {app: api}
  ports: [{name: http, port: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: api, image: shop, ports: [{containerPort: 8080}]}]
`,
}

func overlayTree() fstest.MapFS {
	tree := fstest.MapFS{}
	for name, text := range overlay {
		tree[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return tree
}

// rendered is the overlay as a deploy renders it.
func (w world) rendered(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	objects, err := manifest.Render(overlayTree(), "kustomize/overlays/production", manifest.Layer{
		Namespace: w.namespace, Labels: map[string]string{managed.LabelManagedBy: managed.FieldManager, managed.LabelVersion: "v2"},
		Images: []manifest.Image{{Name: "shop", Repository: "registry.example/shop", Digest: "sha256:" + strings.Repeat("2", 64)}},
	})
	require.NoError(t, err)
	return objects
}

// program runs Slipway's command line on a copy of the overlay and returns what it
// prints, with the namespace called shop.
func (w world) program(t *testing.T, args ...string) string {
	t.Helper()
	source := t.TempDir()
	require.NoError(t, os.CopyFS(source, overlayTree()))
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./ci"}, append(args,
		"--source", source, "--kubeconfig", os.Getenv(kubeconfig), "--namespace", w.namespace, "--build-namespace", w.namespace+"-build", "--output", "plain")...)...)
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.ReplaceAll(string(out), w.namespace, "shop")
}
