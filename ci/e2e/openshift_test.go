package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"

	"github.com/slipway-cd/slipway/ci/report"
)

// TestOpenShift: the example with the component for OpenShift, whose admission and router
// are stood in for. Its users come by a Route, and pods run as a user of the namespace's range.
func TestOpenShift(t *testing.T) {
	w := sandbox(t)
	path := "e2e-openshift-" + w.session
	r := w.newRepository(t, path)
	r.edit("kustomize/components/openshift/route.yaml", "path: /demo", "path: /"+path)
	for _, overlay := range []string{"beta", "production"} {
		r.edit("kustomize/overlays/"+overlay+"/kustomization.yaml", "resources:\n- ../../base\n", "components:\n- ../../components/openshift\nresources:\n- ../../base\n")
	}
	r.commit()
	n := w.newNamespaces(t, "openshift", "--source", r.folder)
	other := w.newNamespace(t, "other")
	users := w.asOpenShift(t, n.production, n.build, n.production, other)
	claimed := "shop-" + w.session + ".apps.slipway.test"
	_, err := w.createRoute(t, other, "{host: "+claimed+", to: {name: other}}", metav1.CreateOptions{})
	require.NoError(t, err)
	router := w.newRouter(t, n.build, n.production, other)
	empty := w.snapshot(t, n)

	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	deployed := w.snapshot(t, n)
	require.Equal(t, allPassed, first.results())
	t.Run("is reached by Routes", func(t *testing.T) {
		beta := "http://api-" + first.report.Run + "-" + n.build + ".apps.slipway.test"
		production := "http://api-" + n.production + ".apps.slipway.test"
		found := func(url, route string) string {
			return url + " Route " + route + ", host in its rule, dialled at " + router.at
		}
		require.Equal(t, []string{
			found(beta+"/beta/"+first.report.Run, n.build+"/api-"+first.report.Run), found(production+"/"+path, n.production+"/api"),
		}, publicOf(first.report))
		require.Contains(t, first.stage(t, "functional").Detail, "tested inside and outside")
		require.NotEmpty(t, first.stage(t, "production").Tests)
		require.Contains(t, first.report.Changes, report.Change{Namespace: n.production, Kind: "Route", Name: "api", Action: report.Created})
		requireSame(t, empty.in(n.build), deployed.in(n.build), "the beta left something")
	})
	t.Run("runs as a user of the namespace's range", func(t *testing.T) {
		pods, err := w.typed.CoreV1().Pods(n.production).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		require.Len(t, pods.Items, 3)
		for _, pod := range pods.Items {
			require.Equal(t, users[n.production], *pod.Spec.Containers[0].SecurityContext.RunAsUser, pod.Name)
		}
		require.Equal(t, fmt.Sprint(users[n.production]), w.execute(t, n.production, "postgres-0", "id", "-u"))
	})
	t.Run("is not changed by the same commit", func(t *testing.T) {
		again := w.pipeline(t, r, n)
		require.Equal(t, 0, again.code, again.stdout+again.stderr)
		require.Regexp(t, `^0 of \d+ objects changed$`, again.stage(t, "deploy").Detail)
		requireSame(t, deployed.without(lock(n)), w.snapshot(t, n).without(lock(n)), "nothing changed, and yet")
	})
	t.Run("is put back when the router refuses its host", func(t *testing.T) {
		r := r.branch(t)
		r.edit("kustomize/overlays/production/kustomization.yaml", "components:", "patches:\n- patch: '{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: api}, spec: {host: "+claimed+"}}'\ncomponents:")
		r.commit()
		done := w.pipeline(t, r, n)
		require.Equal(t, 2, done.code, done.stdout+done.stderr)
		require.Equal(t, []string{"build passed", "functional passed", "release passed", "deploy failed", "production skipped", "undo passed", "cleanup passed"}, done.results())
		require.Equal(t, "Route "+n.production+"/api: the router does not admit it: a route in another namespace holds "+claimed+" and is older than api", done.stage(t, "deploy").Cause)
		require.Equal(t, report.Undo{Done: true}, done.report.Undo)
		requireSame(t, deployed.restored(n), w.snapshot(t, n).restored(n), "production is not as it was")
	})
}

// publicOf are the addresses that the suites were run at from outside, and how each was found.
func publicOf(r report.Report) (out []string) {
	for _, address := range r.Addresses {
		if strings.Contains(address.URL, ".apps.") {
			out = append(out, address.URL+" "+address.FoundBy)
		}
	}
	return out
}

// execute runs a command in a pod and returns what it printed.
func (w *world) execute(t *testing.T, namespace, pod string, command ...string) string {
	t.Helper()
	url := w.typed.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: command, Stdout: true}, scheme.ParameterCodec).URL()
	executor, err := remotecommand.NewWebSocketExecutor(w.config, http.MethodGet, url.String())
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: &out}))
	return strings.TrimSpace(out.String())
}

// newNamespace makes one beside an application's own, and removes it with the test.
func (w *world) newNamespace(t *testing.T, name string) string {
	t.Helper()
	name = "e2e-" + name + "-" + w.session
	_, err := w.typed.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, w.typed.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{}))
	})
	return name
}

// createRoute creates a Route with a spec.
func (w *world) createRoute(t *testing.T, namespace, spec string, options metav1.CreateOptions) (*unstructured.Unstructured, error) {
	t.Helper()
	route, err := parsed("{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: other}, spec: " + spec + "}")
	require.NoError(t, err)
	return w.dynamic.Resource(routes).Namespace(namespace).Create(t.Context(), route, options)
}
