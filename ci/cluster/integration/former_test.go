package integration

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
)

const (
	accountObject = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: slipway}}`
	roleObject    = `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: slipway}, rules: [{apiGroups: ["", apps], resources: [secrets, configmaps, deployments], verbs: [get, list, create]}]}`
)

// bindingOf gives the account of a namespace the Role's rights where it is applied.
func bindingOf(name, namespace string) string {
	return fmt.Sprintf(`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: %s, labels: {app.kubernetes.io/managed-by: slipway}},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: slipway}, subjects: [{kind: ServiceAccount, name: slipway, namespace: %s}]}`, name, namespace)
}

func TestRightsOfFormerTimesAreRemovedAndAPersonsAreNamed(t *testing.T) {
	t.Parallel()
	c := connect(t)
	build, production := newNamespace(t, c), newNamespace(t, c)
	apply := func(namespace string, documents ...string) {
		_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, documents...), apply.Options{})
		require.NoError(t, err)
	}
	apply(build, accountObject, roleObject, bindingOf("slipway", build), `{apiVersion: v1, kind: ServiceAccount, metadata: {name: api}}`, tokenSecret(account.Account), tokenSecret("api"))
	apply(production, roleObject, bindingOf("slipway", build), bindingOf("slipway-old", build))
	persons := clustertest.Objects(t, production, bindingOf("by-hand", build))[0]
	persons.SetLabels(nil)
	_, err := c.Typed.RbacV1().RoleBindings(production).Get(t.Context(), "slipway", metav1.GetOptions{})
	require.NoError(t, err)
	found, err := c.Resource(t.Context(), persons)
	require.NoError(t, err)
	_, err = c.In(found, production).Create(t.Context(), persons, metav1.CreateOptions{})
	require.NoError(t, err)

	former, err := account.FormerRights(t.Context(), c, build, production)
	require.NoError(t, err)
	require.Equal(t, []string{"Secret " + build + "/token-slipway", "RoleBinding " + production + "/by-hand", "RoleBinding " + production + "/slipway", "RoleBinding " + production + "/slipway-old"}, objectsOf(former))

	apply(production, accountObject, bindingOf("slipway", production)) // as bootstrap does now
	revoked, err := account.Revoke(t.Context(), c, former)
	require.NoError(t, err)
	require.Equal(t, []string{"Secret " + build + "/token-slipway", "RoleBinding " + production + "/slipway", "RoleBinding " + production + "/slipway-old"}, objectsOf(revoked))
	require.Equal(t, "ServiceAccount "+build+"/slipway the rights of Role slipway", revoked[1].Gives)
	_, err = c.Typed.CoreV1().Secrets(build).Get(t.Context(), "token-slipway", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), "%v", err)
	_, err = c.Typed.CoreV1().Secrets(build).Get(t.Context(), "token-api", metav1.GetOptions{})
	require.NoError(t, err, "it is of another account")

	err = account.CheckApart(t.Context(), c, build, production)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Admission), "the pipeline's accounts are not separate: ServiceAccount "+build+"/slipway may get configmaps in "+production)
	require.NoError(t, c.Typed.RbacV1().RoleBindings(production).Delete(t.Context(), "by-hand", metav1.DeleteOptions{}))
	require.NoError(t, account.CheckApart(t.Context(), c, build, production))

	apply(build, podAs("CronJob", "serviceAccountName", account.Account))
	err = account.CheckApart(t.Context(), c, build, production)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Admission), "CronJob "+build+"/api runs as it")
}

func objectsOf(rights []account.Former) (out []string) {
	for _, right := range rights {
		out = append(out, right.Object)
	}
	return out
}

func TestAnOlderCopyOfTheNamespacesFolderIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ object, error string }{
		"as it is now":                 {bindingOf("slipway", "shop"), ""},
		"one account for both":         {bindingOf("slipway", "shop-build"), "RoleBinding shop/slipway: gives ServiceAccount shop-build/slipway rights in shop: leave the subject's namespace out"},
		"a role that lets it be other": {`{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}]}`, "Role shop/a: lets its account create serviceaccounts/token"},
		"a role that lets it give":     {`{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]}`, "Role shop/a: lets its account create serviceaccounts/token"},
	} {
		err := account.CheckAccount(clustertest.Objects(t, "shop", accountObject, roleObject, c.object), "shop")
		if c.error == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.error, name)
	}
	require.ErrorContains(t, account.CheckAccount(clustertest.Objects(t, "shop", roleObject), "shop"), "want a ServiceAccount slipway")
}
