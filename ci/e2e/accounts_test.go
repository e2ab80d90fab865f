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
