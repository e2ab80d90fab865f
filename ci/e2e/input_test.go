package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

var sandboxLine = regexp.MustCompile(`(?m)^sandbox: up after .*\n`)

func TestBadInputIsOneLineAndChangesNothing(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "input")
	r := w.newRepository(t, n.production)
	absent := namespaces{production: n.production + "-absent", build: n.build + "-absent"}
	none, reader := w.account(t, n, "none"), w.account(t, n, "reader", "get", "list", "watch")
	closed := w.edited(t, w.Kubeconfig, func(config *clientcmdapi.Config) {
		for _, cluster := range config.Clusters {
			cluster.Server = "https://127.0.0.1:1"
		}
	})
	given := func(kubeconfig, image string) []string { return []string{"--kubeconfig", kubeconfig, "--image", image} }
	image := w.Registry + "/go-demo"
	before := w.snapshot(t, n)

	for name, c := range map[string]struct {
		in   namespaces
		args []string
		env  string
		edit func(r *repository)
		code int
		says []string // the flag or object, and what to do
	}{
		"an unknown flag":               {args: []string{"--nope"}, code: 2, says: []string{"--nope", "--help"}},
		"an unknown stage":              {args: []string{"--until", "never"}, code: 2, says: []string{`--until "never"`, "build, functional, release, deploy, production"}},
		"a version that is no tag":      {args: []string{"--version", "a b"}, code: 2, says: []string{"--version", "use at most 128 letters, digits"}},
		"an image with a tag":           {args: given(w.Kubeconfig, image+":1"), code: 2, says: []string{"--image", `write "` + image + `"`}},
		"an image without a cluster":    {args: []string{"--image", image}, code: 2, says: []string{"--kubeconfig: missing"}},
		"a cluster without an image":    {args: []string{"--kubeconfig", w.Kubeconfig}, code: 2, says: []string{"--image: missing"}},
		"a run id that fits no name":    {args: []string{"--run", "A_B"}, code: 2, says: []string{`--run "A_B"`, "lower case"}},
		"an address that is no URL":     {args: []string{"--address", "shop.example.com"}, code: 2, says: []string{"--address", "want scheme and host, as in https://"}},
		"an address with a path":        {args: []string{"--address", "http://shop.example.com/demo"}, code: 2, says: []string{"--address", "leave out the path"}},
		"an output that is none":        {args: []string{"--output", "loud"}, code: 2, says: []string{"--output", "plain"}},
		"a source that is no folder":    {args: []string{"--source", r.path("main.go")}, code: 2, says: []string{"--source", "not a folder"}},
		"a source without a Dockerfile": {edit: func(r *repository) { require.NoError(t, os.Remove(r.path("Dockerfile"))) }, code: 2, says: []string{"--source", "no Dockerfile"}},
		"an overlay that is not there":  {args: []string{"--beta-overlay", "kustomize/overlays/nope"}, code: 2, says: []string{"--beta-overlay", "kustomize/overlays/nope", "does not exist"}},
		"an overlay that does not render": {edit: func(r *repository) {
			r.edit("kustomize/overlays/production/kustomization.yaml", "poddisruptionbudget.yaml", "missing.yaml")
		}, code: 2, says: []string{"--production-overlay", "kustomize/overlays/production", "missing.yaml"}},
		"an overlay nobody can reach": {edit: func(r *repository) {
			r.edit("kustomize/base/ingress.yaml", "            name: api\n", "            name: other\n")
		}, code: 2, says: []string{"--beta-overlay", "Ingress api leads to Service other, which it has not, and none to api"}},
		"a kubeconfig that is not there":  {args: given("/nowhere", image), code: 2, says: []string{"kubeconfig /nowhere"}},
		"a cluster that does not answer":  {args: given(closed, image), code: 36, says: []string{"cluster https://127.0.0.1:1", "check that it runs"}},
		"a registry that does not answer": {args: given(w.Kubeconfig, "127.0.0.1:1/go-demo"), code: 36, says: []string{"--image", "127.0.0.1:1", "unreachable"}},
		"an engine that does not answer":  {env: "_EXPERIMENTAL_DAGGER_RUNNER_HOST=tcp://127.0.0.1:1", code: 36, says: []string{"engine", "tcp://127.0.0.1:1", "to the address of an engine"}},
		"an engine of another kind":       {args: []string{"--engine", "image://engine"}, code: 2, says: []string{`--engine "image://engine"`, "write kube-pod://POD"}},
		"an engine that is not there":     {args: []string{"--engine", "docker-container://nope"}, code: 36, says: []string{"engine: docker-container://nope: docker: ", "No such container", "set --engine"}},
		"namespaces that do not exist":    {args: given(w.Kubeconfig, image), in: absent, code: 2, says: []string{"namespace " + n.production, "run bootstrap"}},
		"credentials that may do nothing": {args: given(none, image), code: 2, says: []string{"namespace " + n.production, "run bootstrap"}},
		"credentials that may only read":  {args: given(reader, image), code: 30, says: []string{"namespace " + n.production, "may not create configmaps", "run bootstrap"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, in := r.branch(t), n
			if c.in != (namespaces{}) {
				in = c.in
			}
			if c.edit != nil {
				c.edit(r)
			}
			cmd := w.command(t, append(append([]string{"--source", r.folder, "--output", "plain", "--report", t.TempDir()}, in.flags()...), c.args...)...)
			cmd.Env = append(cmd.Env, w.toSandbox()...)
			if c.env != "" {
				cmd.Env = append(cmd.Env, c.env)
			}
			done := w.finish(cmd)
			require.Equal(t, c.code, done.code, done.stdout+done.stderr)
			said := sandboxLine.ReplaceAllString(done.stderr, "") // where it took a moment to look at it
			require.Equal(t, 1, strings.Count(said, "\n"), "want one line: %s", said)
			require.Empty(t, done.stdout)
			for _, part := range c.says {
				require.Contains(t, done.stderr, part)
			}
			t.Log(strings.TrimSpace(done.stderr))
		})
	}
	requireSame(t, before, w.snapshot(t, n), "the cluster was changed")
}

// account makes an account that has the verbs on everything in both namespaces,
// and returns a kubeconfig with its rights.
func (w *world) account(t *testing.T, n namespaces, name string, verbs ...string) string {
	t.Helper()
	_, err := w.typed.CoreV1().ServiceAccounts(n.build).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	require.NoError(t, err)
	for _, namespace := range []string{n.build, n.production} {
		if len(verbs) == 0 {
			continue
		}
		role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: verbs}}}
		_, err = w.typed.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{})
		require.NoError(t, err)
		binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: n.build, Name: name}}}
		_, err = w.typed.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	token, err := w.typed.CoreV1().ServiceAccounts(n.build).CreateToken(t.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	require.NoError(t, err)
	return w.edited(t, w.Kubeconfig, func(config *clientcmdapi.Config) {
		for user := range config.AuthInfos {
			config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
		}
	})
}

// edited returns a copy of a kubeconfig with a change.
func (w *world) edited(t *testing.T, kubeconfig string, edit func(*clientcmdapi.Config)) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	require.NoError(t, err)
	edit(config)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*config, file))
	return file
}
