package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// outside is what steps ask that is no part of the sandbox: GitHub's API, a chat's webhook. The engine's containers reach it at
// this host's address in the sandbox's network.
type outside struct {
	url   string
	host  string // its address
	token string // without which it answers nobody

	mutex sync.Mutex
	asked []string
	told  strings.Builder
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	w := shared
	nodes, err := w.typed.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	towards, err := net.Dial("udp", net.JoinHostPort(nodes.Items[0].Status.Addresses[0].Address, "9"))
	require.NoError(t, err)
	defer towards.Close()
	listener, err := net.Listen("tcp", net.JoinHostPort(towards.LocalAddr().(*net.UDPAddr).IP.String(), "0"))
	require.NoError(t, err)
	o := &outside{url: "http://" + listener.Addr().String(), host: listener.Addr().(*net.TCPAddr).IP.String(), token: rand.Text()}
	server := &http.Server{Handler: o, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return o
}

// ServeHTTP answers as GitHub's API does (https://docs.github.com/en/rest/releases/releases#create-a-release).
func (o *outside) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, _ := io.ReadAll(in.Body)
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.asked = append(o.asked, in.Method+" "+strings.ReplaceAll(in.URL.Path, o.token, "TOKEN"))
	o.told.Write(append(body, '\n'))
	switch {
	case in.URL.Path == "/hook/"+o.token:
		fmt.Fprint(out, "ok")
	case in.Header.Get("Authorization") != "Bearer "+o.token:
		http.Error(out, `{"message": "Bad credentials"}`, http.StatusUnauthorized)
	case strings.HasPrefix(in.URL.Path, "/uploads/") && in.URL.Query().Get("name") == "report.html":
		out.WriteHeader(http.StatusCreated)
	case strings.HasSuffix(in.URL.Path, "/releases"):
		out.WriteHeader(http.StatusCreated)
		fmt.Fprintf(out, `{"id": 1, "upload_url": "%s/uploads/1/assets{?name,label}", "html_url": "%s/releases/1"}`, o.url, o.url)
	default:
		http.NotFound(out, in)
	}
}

// requests are those so far, without the token.
func (o *outside) requests() []string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return append([]string(nil), o.asked...)
}

func (o *outside) bodies() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.told.String()
}

// untold holds a run to have neither printed nor kept the token.
func (o *outside) untold(t *testing.T, done ended) {
	t.Helper()
	require.NotContains(t, done.stdout+done.stderr, o.token)
	require.NoError(t, filepath.WalkDir(done.folder, func(path string, entry os.DirEntry, err error) error {
		require.NoError(t, err)
		if entry.Type().IsRegular() {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NotContains(t, string(content), o.token, path)
		}
		return nil
	}))
}

// database starts a database whose password is the token, and returns where containers reach it.
func (o *outside) database(t *testing.T, w *world) (host, port string) {
	t.Helper()
	namespace, core := "e2e-database-"+w.session, w.typed.CoreV1()
	_, err := core.Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, core.Namespaces().Delete(context.Background(), namespace, metav1.DeleteOptions{}))
	})
	labels := map[string]string{"app": "database"}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "database", Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{
		Name: "database", Image: "postgres:17", Command: []string{"sh", "-c", `echo "$PASSWORD" >/tmp/password && exec docker-entrypoint.sh postgres`},
		Env: []corev1.EnvVar{{Name: "PASSWORD", Value: o.token}, {Name: "POSTGRES_PASSWORD_FILE", Value: "/tmp/password"}, {Name: "POSTGRES_DB", Value: "shop"}, {Name: "PGDATA", Value: "/tmp/data"}},
	}}}}
	require.Eventually(t, func() bool { // its service account comes a moment later
		_, err = core.Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
		return err == nil
	}, time.Minute, 100*time.Millisecond, "%v", err)
	service, err := core.Services(namespace).Create(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "database"},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Selector: labels, Ports: []corev1.ServicePort{{Port: 5432}}}}, metav1.CreateOptions{})
	require.NoError(t, err)
	nodes, err := core.Nodes().List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	host, port = nodes.Items[0].Status.Addresses[0].Address, fmt.Sprint(service.Spec.Ports[0].NodePort)
	require.Eventually(t, func() bool {
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), time.Second)
		if err == nil {
			connection.Close()
		}
		return err == nil
	}, 2*time.Minute, 200*time.Millisecond, "the database does not answer")
	return host, port
}

// exampleSteps adds the examples of docs/extending.md: what they describe, and their scripts.
func (r *repository) exampleSteps() {
	r.t.Helper()
	document, err := os.ReadFile("../../docs/extending.md")
	require.NoError(r.t, err)
	_, examples, found := strings.Cut(string(document), "\n## Examples\n")
	require.True(r.t, found)
	require.NoError(r.t, os.Mkdir(r.path("steps"), 0o755))
	for i, block := range strings.Split(examples, "\n```") {
		if i%2 == 0 {
			continue // between two blocks
		}
		language, content, _ := strings.Cut(block, "\n")
		if language == "yaml" {
			r.describe(content + "\n")
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(content, "# "), ":")
		require.NoError(r.t, os.WriteFile(filepath.Join(r.folder, name), []byte(content+"\n"), 0o644))
	}
}
