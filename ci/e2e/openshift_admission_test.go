package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// asOpenShift has pods and Routes of namespaces treated as by OpenShift's API server, from
// when it returns until the test ends. It returns the user that pods of each get.
func (w *world) asOpenShift(t *testing.T, name string, namespaces ...string) map[string]int64 {
	t.Helper()
	users := map[string]int64{}
	for i, namespace := range namespaces {
		users[namespace] = 1000730000 + int64(i)*10000
		ours := fmt.Sprintf(`{"metadata":{"labels":{"slipway.test/openshift":%q},"annotations":{"openshift.io/sa.scc.uid-range":"%d/10000"}}}`, name, users[namespace])
		_, err := w.typed.CoreV1().Namespaces().Patch(t.Context(), namespace, types.MergePatchType, []byte(ours), metav1.PatchOptions{})
		require.NoError(t, err)
	}
	content, err := os.ReadFile(filepath.Join("testdata", "openshift", "admission.yaml"))
	require.NoError(t, err)
	for text := range strings.SplitSeq(strings.ReplaceAll(string(content), "NAME", name), "\n---\n") {
		policy, err := parsed(text)
		require.NoError(t, err)
		w.createPolicy(t, policy)
		w.createPolicy(t, bindingOf(policy, name))
	}
	for _, namespace := range namespaces {
		require.Eventually(t, func() bool { return w.decides(t, namespace, users[namespace]) }, 20*time.Second, 100*time.Millisecond, "the policies have no effect in %s", namespace)
	}
	return users
}

func bindingOf(policy *unstructured.Unstructured, name string) *unstructured.Unstructured {
	spec := map[string]any{"policyName": policy.GetName(), "matchResources": map[string]any{
		"namespaceSelector": map[string]any{"matchLabels": map[string]any{"slipway.test/openshift": name}},
	}}
	if policy.GetKind() == "ValidatingAdmissionPolicy" {
		spec["validationActions"] = []any{"Deny"}
	}
	binding := &unstructured.Unstructured{Object: map[string]any{"apiVersion": policy.GetAPIVersion(), "kind": policy.GetKind() + "Binding", "spec": spec}}
	binding.SetName(policy.GetName())
	return binding
}

// createPolicy creates a policy or a binding, and removes it with the test.
func (w *world) createPolicy(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	resource := strings.TrimSuffix(strings.ToLower(object.GetKind()), "y")
	if resource += "ies"; strings.HasSuffix(object.GetKind(), "Binding") {
		resource = strings.ToLower(object.GetKind()) + "s"
	}
	client := w.dynamic.Resource(schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: resource})
	_, err := client.Create(t.Context(), object, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, client.Delete(context.Background(), object.GetName(), metav1.DeleteOptions{}))
	})
}

// decides reports whether the server does as the policies say: it gives a pod its user and a
// Route its host, and refuses a pod that names another user.
func (w *world) decides(t *testing.T, namespace string, user int64) bool {
	t.Helper()
	dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "tried"}}
	require.NoError(t, yaml.Unmarshal([]byte(fmt.Sprintf(podSpec, "default", "Always")), &pod.Spec))
	_, err := w.typed.CoreV1().Pods(namespace).Create(t.Context(), pod, dry)
	refused := apierrors.IsInvalid(err) && strings.Contains(err.Error(), "restricted-v2")
	pod.Spec.SecurityContext.RunAsUser = nil
	made, err := w.typed.CoreV1().Pods(namespace).Create(t.Context(), pod, dry)
	if err != nil || made.Spec.Containers[0].SecurityContext.RunAsUser == nil {
		return false
	}
	route, err := w.createRoute(t, namespace, "{to: {name: other}}", dry)
	return err == nil && refused && *made.Spec.Containers[0].SecurityContext.RunAsUser == user && specOf(route, "host") != ""
}
