package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// repositoryOfImages is a worker whose images are in a repository that no other test uses.
type repositoryOfImages struct {
	example
	name name.Repository // in the registry, from this host
}

func newRepositoryOfImages(t *testing.T, namespace, described string) *repositoryOfImages {
	t.Helper()
	e := newExampleIn(t, namespace, "worker")
	at := "images-" + namespace + "-" + e.session
	require.NoError(t, os.WriteFile(e.r.path(".slipway.yaml"), []byte("name: worker\nimages: [{name: worker, repository: \""+e.Image+"/"+at+"\"}]\n"+described), 0o644))
	e.r.begin()
	repository, err := name.NewRepository(e.Registry+"/"+at, name.Insecure)
	require.NoError(t, err)
	i := &repositoryOfImages{example: e, name: repository}
	t.Cleanup(func() { // nothing of the tests stays in the sandbox
		for _, digest := range i.tags(t) {
			_ = remote.Delete(repository.Digest(digest))
		}
	})
	return i
}

// tags returns the digests of all tags.
func (i *repositoryOfImages) tags(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := remote.List(i.name)
	require.NoError(t, err)
	for _, tag := range names {
		found, err := remote.Head(i.name.Tag(tag))
		require.NoError(t, err)
		out[tag] = found.Digest.String()
	}
	return out
}

// beta makes a commit and pushes its image; it is tested and not released.
func (i *repositoryOfImages) beta(t *testing.T) (version, digest string) {
	t.Helper()
	i.r.commit()
	done := i.pipeline(t, i.r, i.n, "--until", "functional")
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Equal(t, done.report.Digest, i.tags(t)[done.report.Version+"-beta"])
	return done.report.Version, done.report.Digest
}

func (i *repositoryOfImages) cleanup(t *testing.T, args ...string) ended {
	t.Helper()
	return i.run(t, slices.Concat([]string{"cleanup", "--images", "--source", i.r.folder}, i.n.flags(), args)...)
}

// attach attaches a document to a digest, as a registry without the referrers API has it, and returns its digest.
func (i *repositoryOfImages) attach(t *testing.T, digest string) string {
	t.Helper()
	subject, err := remote.Head(i.name.Digest(digest))
	require.NoError(t, err)
	document := mutate.Subject(mutate.Annotations(empty.Image, map[string]string{"about": digest}).(v1.Image), *subject).(v1.Image)
	own, err := document.Digest()
	require.NoError(t, err)
	require.NoError(t, remote.Write(i.name.Digest(own.String()), document))
	return own.String()
}

// through is cleanup by a registry in between, which answers what refuse says it has answered.
func (i *repositoryOfImages) through(t *testing.T, refuse func(http.ResponseWriter, *http.Request) bool) func(t *testing.T, args ...string) ended {
	t.Helper()
	at, err := url.Parse("http://" + i.Registry)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(at)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // a request that nobody waits for any more
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse == nil || !refuse(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(i.r.folder)))
	require.NoError(t, os.WriteFile(folder+"/.slipway.yaml", []byte("name: worker\n"), 0o644))
	return func(t *testing.T, args ...string) ended {
		return i.run(t, slices.Concat([]string{"cleanup", "--images", "--source", folder, "--image", strings.TrimPrefix(server.URL, "http://") + "/" + i.name.RepositoryStr()}, i.n.flags(), args)...)
	}
}

// startPod makes a pod in the build namespace that no node takes: what it names is needed all the same.
func (i *repositoryOfImages) startPod(t *testing.T, podName, image string) {
	t.Helper()
	var pod corev1.Pod
	require.NoError(t, yaml.Unmarshal([]byte("{metadata: {name: "+podName+"}, spec: {nodeSelector: {slipway.test/none: such}, automountServiceAccountToken: false, "+
		"securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: one, image: '"+image+"', "+hardened+"}]}}"), &pod))
	_, err := i.typed.CoreV1().Pods(i.n.build).Create(t.Context(), &pod, metav1.CreateOptions{})
	require.NoError(t, err)
}

// leaveUndo records a way back as a run that was killed leaves it.
func (i *repositoryOfImages) leaveUndo(t *testing.T, run, image string) {
	t.Helper()
	pack := func(value any) []byte {
		content, err := json.Marshal(value)
		require.NoError(t, err)
		var out bytes.Buffer
		zip := gzip.NewWriter(&out)
		_, err = zip.Write(content)
		require.NoError(t, err)
		require.NoError(t, zip.Close())
		return out.Bytes()
	}
	former := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "settings"}, "data": map[string]any{"image": image}}
	_, err := i.typed.CoreV1().Secrets(i.n.production).Create(context.Background(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "slipway-undo-" + run, Labels: map[string]string{"slipway.dev/record": "undo"}}, Type: "slipway.dev/undo",
		Data: map[string][]byte{"undo": pack(map[string]any{"run": run, "namespace": i.n.production}), "former": pack(map[string]any{"apiVersion": "v1", "kind": "List", "items": []any{former}})},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}
