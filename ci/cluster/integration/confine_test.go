package integration

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/reach"
)

// newAccount makes the ServiceAccount slipway, which may do everything in the
// namespace and nothing outside of it.
func newAccount(t *testing.T, c *cluster.Cluster, namespace string) {
	t.Helper()
	_, err := c.Typed.CoreV1().ServiceAccounts(namespace).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "slipway"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "slipway"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: "slipway"}}}
	_, err = c.Typed.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{})
	require.NoError(t, err)
}

func TestAnAdministratorsRunHasTheRightsOfTheAccountOnly(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	newAccount(t, c, namespace)
	before := c.Requests()
	confined, as, err := c.Confined(t.Context(), namespace, "slipway")
	require.NoError(t, err)
	require.Equal(t, "system:serviceaccount:"+namespace+":slipway", as)
	require.EqualValues(t, 5, confined.Requests()-before, "three questions, the account, a second connection")

	_, err = confined.Typed.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "slipway-test-"}}, metav1.CreateOptions{})
	require.True(t, apierrors.IsForbidden(err), "%v", err)
	_, err = confined.Typed.CoreV1().ConfigMaps("kube-system").List(t.Context(), metav1.ListOptions{})
	require.True(t, apierrors.IsForbidden(err), "%v", err)

	again, as, err := confined.Confined(t.Context(), namespace, "slipway")
	require.NoError(t, err)
	require.Empty(t, as, "it may not write elsewhere")
	require.Same(t, confined, again)
}

func TestAForwardWorksForAnImpersonatedAccount(t *testing.T) {
	t.Parallel()
	c := connect(t)
	needKubelet(t, c)
	namespace := newNamespace(t, c)
	newAccount(t, c, namespace)
	confined, _, err := c.Confined(t.Context(), namespace, "slipway")
	require.NoError(t, err)
	_, err = apply.Apply(t.Context(), confined, clustertest.Objects(t, namespace, app("", testImage(), "one")), apply.Options{})
	require.NoError(t, err)
	forward, err := reach.ForwardTo(within(t, time.Minute), confined, namespace, "api", 8080, nil)
	require.NoError(t, err)
	defer forward.Close()
	require.Eventually(t, func() bool { // the container has no probe: it may be ready before it listens
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/health", forward.LocalPort))
		return err == nil && response.Body.Close() == nil
	}, 30*time.Second, 50*time.Millisecond)
}

func TestWithoutTheAccountAnAdministratorIsToldToBootstrap(t *testing.T) {
	t.Parallel()
	c := connect(t)
	_, _, err := c.Confined(t.Context(), "slipway-none", "slipway")
	require.EqualError(t, clustertest.RequireClass(t, err, cluster.Misconfigured), "namespace slipway-none: has no ServiceAccount slipway, "+
		"whose rights a run takes when the credentials given may write everywhere; run bootstrap")
}
