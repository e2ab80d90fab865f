package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/slipway-cd/slipway/scripts/light"
)

// sharedEngine is an engine in a pod of the sandbox's cluster, as kustomize/engine deploys it.
// Programs that its world starts may enter that pod by kubectl, and nothing else.
type sharedEngine struct {
	*world
	n       namespaces // its own alone
	ref     string
	kubectl string
}

// onSandbox is what the sandbox needs of an administrator: its image, which it has built itself,
// its registry and its mirror, a size that fits, and an end that takes no more than a minute: it is
// over within seconds but on a busy machine, where it saves its cache first.
const onSandbox = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: %s
resources: [%s]
images:
- {name: registry.dagger.io/engine, newName: %q, newTag: %q}
configMapGenerator:
- {name: dagger-engine, namespace: dagger, behavior: merge, files: [engine.toml]}
patches:
- target: {kind: StatefulSet}
  patch: |-
    - {op: replace, path: /spec/template/spec/containers/0/resources, value: {requests: {cpu: 100m, memory: 256Mi}, limits: {memory: 4Gi}}}
    - {op: replace, path: /spec/template/spec/terminationGracePeriodSeconds, value: 60}
    - {op: add, path: /spec/template/spec/containers/0/volumeMounts/-, value: {name: config, mountPath: /etc/dagger/engine.toml, subPath: engine.toml}}
    - {op: replace, path: /spec/volumeClaimTemplates/0/spec/resources/requests/storage, value: 5Gi}
`

func newSharedEngine(t *testing.T) *sharedEngine {
	w := sandbox(t)
	programs, err := light.Build(t.Context(), w.root)
	require.NoError(t, err)
	e := &sharedEngine{world: w, kubectl: programs.Kubectl, n: namespaces{production: "e2e-engine-" + w.session}}
	e.n.build = e.n.production // there is no other
	e.ref = "kube-pod://dagger-engine-0?namespace=" + e.n.build
	w.removeAfter(t, e.n)

	image := e.docker(t, "inspect", "--format", "{{.Config.Image}}", "slipway-engine")
	if !strings.Contains(e.docker(t, "exec", "slipway-node", "ctr", "--namespace", "k8s.io", "images", "list", "--quiet"), image) { // it stays, as images do
		e.shell(t, "docker save "+image+" | docker exec --interactive slipway-node ctr --namespace k8s.io images import -")
	}
	folder := t.TempDir()
	manifests, err := filepath.Rel(folder, filepath.Join(w.root, "kustomize", "engine"))
	require.NoError(t, err)
	colon := strings.LastIndex(image, ":")
	overlay := fmt.Sprintf(onSandbox, e.n.build, manifests, image[:colon], image[colon+1:])
	require.NoError(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(overlay), 0o644))
	toml := e.docker(t, "exec", "slipway-engine", "cat", "/etc/dagger/engine.toml")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "engine.toml"), []byte(toml), 0o644))
	e.administer(t, "apply", "--kustomize", folder)
	e.awaitServing(t)
	e.world = w.with("KUBECONFIG="+e.user(t), "SLIPWAY_ENGINE="+e.ref, "PATH="+filepath.Dir(e.kubectl)+":"+os.Getenv("PATH"))
	return e
}

// user binds the role of kustomize/engine, which is bound to nobody, to an account, and returns
// a kubeconfig with its token.
func (e *sharedEngine) user(t *testing.T) string {
	t.Helper()
	_, err := e.typed.CoreV1().ServiceAccounts(e.n.build).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "runner"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	binding := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "runner"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "dagger-engine-user"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: e.n.build, Name: "runner"}}}
	_, err = e.typed.RbacV1().RoleBindings(e.n.build).Create(t.Context(), binding, metav1.CreateOptions{})
	require.NoError(t, err)
	token, err := e.typed.CoreV1().ServiceAccounts(e.n.build).CreateToken(t.Context(), "runner", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	require.NoError(t, err)
	return e.edited(t, e.Kubeconfig, func(config *clientcmdapi.Config) {
		for user := range config.AuthInfos {
			config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
		}
	})
}

// awaitServing waits until the engine answers.
func (e *sharedEngine) awaitServing(t *testing.T) {
	t.Helper()
	e.administer(t, "rollout", "status", "statefulset/dagger-engine", "--timeout=2m")
	e.administer(t, "wait", "--for=condition=Ready", "pod/dagger-engine-0", "--timeout=2m")
}

// kill ends the engine without a chance to say goodbye; the kubelet starts another.
func (e *sharedEngine) kill(t *testing.T) {
	t.Helper()
	e.administer(t, "exec", "dagger-engine-0", "--", "sh", "-c", "kill -9 $(pidof dagger-engine)")
}

// administer runs kubectl in the engine's namespace with all rights.
func (e *sharedEngine) administer(t *testing.T, args ...string) {
	t.Helper()
	kubectl := exec.CommandContext(t.Context(), e.kubectl, append([]string{"--kubeconfig", e.Kubeconfig, "--namespace", e.n.build}, args...)...)
	out, err := kubectl.CombinedOutput()
	require.NoError(t, err, "kubectl %s: %s", strings.Join(args, " "), out)
}

// shell runs a script with what leads to the sandbox's Docker.
func (e *sharedEngine) shell(t *testing.T, script string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "sh"}, args...)...)
	cmd.Env = append(os.Environ(), e.toSandbox()...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, "%s: %s", script, &said)
	return strings.TrimSpace(string(out))
}

// isProtected: a drain waits for it, its account may do nothing, and who may use it may do nothing else.
func (e *sharedEngine) isProtected(t *testing.T) {
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "dagger-engine-0", Namespace: e.n.build}}
	err := e.typed.PolicyV1().Evictions(e.n.build).Evict(t.Context(), eviction)
	require.True(t, apierrors.IsTooManyRequests(err), "%v", err)
	may := func(account, verb, resource, name string) bool {
		resource, sub, _ := strings.Cut(resource, "/")
		review, err := e.typed.AuthorizationV1().SubjectAccessReviews().Create(t.Context(), &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: "system:serviceaccount:" + e.n.build + ":" + account, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + e.n.build, "system:authenticated"},
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: e.n.build, Verb: verb, Resource: resource, Subresource: sub, Name: name},
		}}, metav1.CreateOptions{})
		require.NoError(t, err)
		return review.Status.Allowed
	}
	require.True(t, may("runner", "create", "pods/exec", "dagger-engine-0"))
	for _, refused := range []struct{ account, verb, resource, name string }{
		{"runner", "create", "pods/exec", "dagger-engine-1"}, {"runner", "delete", "pods", "dagger-engine-0"}, {"runner", "create", "pods", ""}, {"runner", "list", "secrets", ""},
		{"dagger-engine", "get", "pods", "dagger-engine-0"}, {"dagger-engine", "create", "pods/exec", "dagger-engine-0"}, {"dagger-engine", "list", "secrets", ""},
	} {
		require.False(t, may(refused.account, refused.verb, refused.resource, refused.name), "%v", refused)
	}
}
