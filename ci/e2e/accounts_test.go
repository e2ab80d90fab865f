package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// TestBootstrapMovesAnInstallationOver begins with what bootstrap made in former times:
// one account, of the build namespace, with rights in both, and somebody's Secret with
// its token.
func TestBootstrapMovesAnInstallationOver(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "moved")
	for _, namespace := range []string{n.build, n.production} {
		w.removeGuard(t, namespace)
	}
	require.NoError(t, w.typed.CoreV1().ServiceAccounts(n.production).Delete(t.Context(), "slipway", metav1.DeleteOptions{}))
	_, err := w.typed.RbacV1().RoleBindings(n.production).Patch(t.Context(), "slipway", types.ApplyPatchType, []byte(`{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
		"metadata": {"name": "slipway", "labels": {"app.kubernetes.io/managed-by": "slipway"}}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "slipway"},
		"subjects": [{"kind": "ServiceAccount", "name": "slipway", "namespace": "`+n.build+`"}]}`), metav1.PatchOptions{FieldManager: "slipway"})
	require.NoError(t, err)
	token := &corev1.Secret{Type: corev1.SecretTypeServiceAccountToken, ObjectMeta: metav1.ObjectMeta{Name: "ci-token", Annotations: map[string]string{corev1.ServiceAccountNameKey: "slipway"}}}
	require.Eventually(t, func() bool { // the API server forgets a policy some moments after that is gone
		_, err = w.typed.CoreV1().Secrets(n.build).Create(context.Background(), token, metav1.CreateOptions{})
		return err == nil
	}, limit, limit/1000, "%v", err)

	folder := t.TempDir()
	done := w.run(t, append([]string{"bootstrap", "--credentials", folder}, n.flags()...)...)
	require.Equal(t, 0, done.code, done.stderr)
	require.Contains(t, done.stdout, "\nconfigured RoleBinding "+n.production+"/slipway\n")
	require.Contains(t, done.stdout, "\ncreated    ServiceAccount "+n.production+"/slipway\n")
	require.Contains(t, done.stdout, "\ncreated    ValidatingAdmissionPolicy slipway-account."+n.build+"\n")
	require.Contains(t, done.stdout, "\nrevoked    RoleBinding "+n.production+"/slipway: it gave ServiceAccount "+n.build+"/slipway the rights of Role slipway\n")
	require.Contains(t, done.stdout, "\nrevoked    Secret "+n.build+"/ci-token: it gave whoever mounts it a token of ServiceAccount "+n.build+"/slipway\n")
	require.Contains(t, done.stdout, "of ServiceAccount "+n.production+"/slipway as SLIPWAY_PRODUCTION_KUBECONFIG: for the protected branch only")
	_, err = w.typed.CoreV1().Secrets(n.build).Get(t.Context(), "ci-token", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), "%v", err)
	for file, namespace := range map[string]string{"build.conf": n.build, "production.conf": n.production} {
		info, err := os.Stat(filepath.Join(folder, file))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
		config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(folder, file))
		require.NoError(t, err)
		as, err := kubernetes.NewForConfig(config)
		require.NoError(t, err)
		who, err := as.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		require.NoError(t, err)
		require.Equal(t, "system:serviceaccount:"+namespace+":slipway", who.Status.UserInfo.Username)
	}

	again := w.run(t, append([]string{"bootstrap"}, n.flags()...)...)
	require.Equal(t, 0, again.code, again.stderr)
	require.NotRegexp(t, "(?m)^(created|configured|removed)", again.stdout)
}

// TestBootstrapLeavesWhatRunsInANamespaceThatWasThere: limits that somebody's pods do not
// keep within would stop them at their next restart.
func TestBootstrapLeavesWhatRunsInANamespaceThatWasThere(t *testing.T) {
	w := sandbox(t)
	n := namespaces{production: "e2e-there-" + w.session, build: "e2e-there-" + w.session + "-build"}
	w.removeAfter(t, n)
	_, err := w.typed.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: n.production}}, metav1.CreateOptions{})
	require.NoError(t, err)
	folder := t.TempDir() // without namespaces of its own
	require.NoError(t, os.WriteFile(filepath.Join(folder, ".slipway.yaml"), []byte("name: shop\n"), 0o644))
	flags := append([]string{"--source", folder}, n.flags()...)
	fences := func() []string {
		var found []string
		quotas, err := w.typed.CoreV1().ResourceQuotas(n.production).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		policies, err := w.typed.NetworkingV1().NetworkPolicies(n.production).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		namespace, err := w.typed.CoreV1().Namespaces().Get(t.Context(), n.production, metav1.GetOptions{})
		require.NoError(t, err)
		if len(quotas.Items) > 0 {
			found = append(found, "quota")
		}
		if len(policies.Items) > 0 {
			found = append(found, "network policies")
		}
		if namespace.Labels["pod-security.kubernetes.io/enforce"] != "" {
			found = append(found, "pod security")
		}
		return found
	}

	status := w.run(t, append([]string{"status"}, flags...)...)
	require.Equal(t, 0, status.code, status.stderr)
	require.Empty(t, fences(), "by a command that only reads")
	done := w.run(t, append([]string{"bootstrap"}, flags...)...)
	require.Equal(t, 0, done.code, done.stderr)
	require.Contains(t, done.stdout, "left out   ResourceQuota "+n.production+"/quota: its namespace was there before bootstrap; --harden applies it, too")
	require.NotContains(t, done.stdout, "left out   ResourceQuota "+n.build)
	require.Empty(t, fences())
	lacks := w.run(t, append([]string{"bootstrap", "--print", "--harden", "--kubeconfig", w.Kubeconfig}, flags...)...)
	require.Equal(t, 0, lacks.code, lacks.stderr)
	require.Contains(t, lacks.stdout, "kind: ResourceQuota")
	require.NotContains(t, lacks.stdout, "kind: ServiceAccount", "it is there")

	hardened := w.run(t, append([]string{"bootstrap", "--harden"}, flags...)...)
	require.Equal(t, 0, hardened.code, hardened.stderr)
	require.Equal(t, []string{"quota", "network policies", "pod security"}, fences())
	lacks = w.run(t, append([]string{"bootstrap", "--print", "--kubeconfig", w.Kubeconfig}, flags...)...)
	require.Equal(t, 0, lacks.code, lacks.stderr)
	require.NotContains(t, lacks.stdout, "kind:", "all is there")
}
