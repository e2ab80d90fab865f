package integration

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

func kubeconfig(t *testing.T, server, current string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := "apiVersion: v1\nkind: Config\nclusters: [{name: k, cluster: {server: \"" + server + "\"}}]\nusers: [{name: u, user: {}}]\n" +
		"contexts: [{name: here, context: {cluster: k, user: u}}]\ncurrent-context: \"" + current + "\"\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestConnectRefusesAKubeconfigThatNamesNoCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", kubeconfig(t, "http://127.0.0.1:1", "here"))
	broken := filepath.Join(t.TempDir(), "broken")
	require.NoError(t, os.WriteFile(broken, []byte("}{"), 0o600))
	for cause, cfg := range map[string]cluster.Config{
		"none given":                     {},
		"no such file":                   {Kubeconfig: "/no/such/file"},
		"is not a kubeconfig":            {Kubeconfig: broken},
		"no context given":               {Kubeconfig: kubeconfig(t, "http://127.0.0.1:1", "")},
		`context "there" does not exist`: {Kubeconfig: kubeconfig(t, "http://127.0.0.1:1", "here"), Context: "there"},
	} {
		_, err := cluster.Connect(t.Context(), cfg)
		require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Misconfigured), cause)
	}
}

func TestConnectSaysUnreachableWithinSeconds(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, never answers
	require.NoError(t, err)
	defer silent.Close()
	for _, server := range []string{"http://127.0.0.1:1", "http://" + silent.Addr().String()} {
		start := time.Now()
		_, err = cluster.Connect(t.Context(), cluster.Config{Kubeconfig: kubeconfig(t, server, "here")})
		clustertest.RequireClass(t, err, cluster.Unreachable)
		require.Less(t, time.Since(start), 6*time.Second)
	}
}

func TestCheckAccessPassesForWhoMayDeploy(t *testing.T) {
	t.Parallel()
	c := connect(t)
	require.NoError(t, c.CheckAccess(t.Context(), newNamespace(t, c)))
	host, version := c.Server()
	require.NotEmpty(t, host)
	require.Regexp(t, `^v1\.`, version)
}

func TestCheckAccessSaysToRunBootstrapWhenThereIsNoNamespace(t *testing.T) {
	t.Parallel()
	c := connect(t)
	err := c.CheckAccess(t.Context(), "slipway-nowhere")
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Misconfigured), "does not exist; run bootstrap")
}

// as returns the cluster as seen by a user without any rights of its own.
func as(t *testing.T, user string) *cluster.Cluster {
	t.Helper()
	file, err := clientcmd.LoadFromFile(os.Getenv("SLIPWAY_TEST_KUBECONFIG"))
	require.NoError(t, err)
	for _, auth := range file.AuthInfos {
		auth.Impersonate = user
	}
	out := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*file, out))
	c, err := cluster.Connect(t.Context(), cluster.Config{Kubeconfig: out})
	require.NoError(t, err)
	return c
}

func TestCheckAccessNamesTheMissingPermissions(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	err := as(t, "slipway-tester").CheckAccess(t.Context(), namespace)
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Misconfigured), "these credentials may do nothing in it")
	_, err = apply.Apply(t.Context(), c, clustertest.Objects(t, namespace,
		`{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reader}, rules: [{apiGroups: [""], resources: [configmaps, secrets, pods, services], verbs: ["*"]}]}`,
		`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: reader}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: slipway-tester}]}`,
	), apply.Options{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { // the authorizer reads roles from a cache
		var missing *cluster.Error
		return errors.As(as(t, "slipway-tester").CheckAccess(t.Context(), namespace), &missing) && missing.Class == cluster.Admission &&
			strings.Contains(missing.Cause, "create deployments.apps") && !strings.Contains(missing.Cause, "configmaps")
	}, 10*time.Second, 100*time.Millisecond)
}

func TestWaitWithoutTheRightToWatchIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	c := connect(t)
	wanted := clustertest.Objects(t, newNamespace(t, c), app("", testImage(), "one"))
	nobody := as(t, "slipway-nobody")
	refused := clustertest.RequireClass(t, rollout.Wait(within(t, 10*time.Second), nobody, wanted, nil), cluster.Admission)
	require.Contains(t, refused.Cause, "slipway-nobody")
}
