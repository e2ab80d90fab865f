package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

// TestWhoCanDoWhat tries each cell of the table in CONTRIBUTING.md.
func TestWhoCanDoWhat(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "who")
	holders, columns := w.credentials(t, n), w.attempts(t, n)
	refused := 0
	for credential, cells := range w.table(t) {
		require.Contains(t, holders, credential)
		require.Len(t, cells, len(columns))
		for column, cell := range cells {
			require.Contains(t, columns, column)
			for _, try := range columns[column] {
				t.Run(credential+"/"+column+"/"+try.String(), func(t *testing.T) {
					status, said := try.by(t, holders[credential])
					switch cell {
					case "no":
						require.Contains(t, []int{http.StatusForbidden, http.StatusUnauthorized}, status, said)
						require.Regexp(t, `"reason":"(Forbidden|Unauthorized)"`, said)
						refused++
					case "yes": // what the request lacks otherwise, it may lack: a pod that no node has cannot be entered
						require.NotContains(t, []int{http.StatusForbidden, http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed}, status, said)
					default:
						require.Fail(t, "want yes or no", cell)
					}
				})
			}
		}
	}
	require.GreaterOrEqual(t, refused, 30)
	t.Logf("%d attempts refused", refused)
}

// table reads the cells, by row and column.
func (w *world) table(t *testing.T) map[string]map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(w.root, "CONTRIBUTING.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(content), "## Who can do what with which credential\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var head []string
	rows := map[string]map[string]string{}
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if head == nil {
			head = cells
			continue
		}
		row := map[string]string{}
		for i, cell := range cells[1:] {
			row[head[i+1]] = cell
		}
		rows[cells[0]] = row
	}
	require.Len(t, rows, 7)
	return rows
}

// credentials are a client for each row: real tokens, all but the administrator's.
func (w *world) credentials(t *testing.T, n namespaces) map[string]*rest.Config {
	t.Helper()
	folder := t.TempDir()
	done := w.run(t, append([]string{"bootstrap", "--credentials", folder}, n.flags()...)...)
	require.Equal(t, 0, done.code, done.stderr)
	load := func(file string) *rest.Config {
		config, err := clientcmd.BuildConfigFromFlags("", file)
		require.NoError(t, err)
		return config
	}
	admin := load(w.Kubeconfig)
	pod := func(namespace string) *rest.Config { // what a pod has that names no account
		token, err := w.typed.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
		require.NoError(t, err)
		config := rest.AnonymousClientConfig(admin)
		config.BearerToken = token.Status.Token
		return config
	}
	registry := rest.AnonymousClientConfig(admin)
	registry.Username, registry.Password = "ci", password
	return map[string]*rest.Config{
		"pull request (`build.conf`)": load(filepath.Join(folder, "build.conf")), "main (`production.conf`)": load(filepath.Join(folder, "production.conf")),
		"production pod": pod(n.production), "beta pod": pod(n.build), "registry": registry, "engine": rest.AnonymousClientConfig(admin), "administrator": admin,
	}
}

// attempt is a request that somebody makes. Nothing is written: the server decides on a
// dry run as on any other.
type attempt struct {
	method, path, body string
	as, of             string // whom it asks to be taken for, and the group
}

func (a attempt) String() string {
	return strings.TrimSpace(a.method + " " + strings.ReplaceAll(a.path, "/", " ") + " " + a.as)
}

func (a attempt) by(t *testing.T, who *rest.Config) (status int, said string) {
	t.Helper()
	client, err := rest.HTTPClientFor(who)
	require.NoError(t, err)
	url := strings.TrimSuffix(who.Host, "/") + a.path
	if a.method != http.MethodGet {
		url += "?dryRun=All"
	}
	var body []byte // none of a DELETE: it would stand for what the URL says
	if a.body != "" {
		body, err = yaml.YAMLToJSON([]byte(a.body))
		require.NoError(t, err)
	}
	request, err := http.NewRequestWithContext(t.Context(), a.method, url, strings.NewReader(string(body)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	if a.method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	if a.as != "" {
		request.Header.Set("Impersonate-User", a.as)
	}
	if a.of != "" {
		request.Header.Set("Impersonate-Group", a.of)
	}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(content)
}

// attempts are those of each column.
func (w *world) attempts(t *testing.T, n namespaces) map[string][]attempt {
	t.Helper()
	for _, namespace := range []string{n.build, n.production} {
		w.idlePod(t, namespace)
	}
	return map[string][]attempt{
		"read production": reading(n.production), "read the build namespace": reading(n.build),
		"write production": writing(n.production), "write the build namespace": writing(n.build),
		"enter its pods": {
			{method: "POST", path: at(n.production, "pods/idle/exec")}, {method: "GET", path: at(n.production, "pods/idle/exec")},
			{method: "POST", path: at(n.production, "pods/idle/attach")}, {method: "POST", path: at(n.production, "pods/idle/portforward")},
			{method: "PATCH", path: at(n.production, "pods/idle/ephemeralcontainers"), body: `{}`},
		},
		"become another account":    slices.Concat(becoming(n.production), becoming(n.build), []attempt{giving("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "ClusterRoleBinding", n.build)}),
		"run a pod as the pipeline": slices.Concat(runningAs(n.production), runningAs(n.build)),
		"move the fences":           slices.Concat(fences(n.production), fences(n.build), []attempt{{method: "POST", path: "/api/v1/namespaces", body: `{apiVersion: v1, kind: Namespace, metadata: {name: ` + n.build + `-more}}`}}),
	}
}

// idlePod is one that no node takes, for others to try to enter.
func (w *world) idlePod(t *testing.T, namespace string) {
	t.Helper()
	var pod corev1.Pod
	require.NoError(t, yaml.Unmarshal([]byte(`{metadata: {name: idle}, spec: `+fmt.Sprintf(podSpec, "default", "Always")+`}`), &pod))
	_, err := w.typed.CoreV1().Pods(namespace).Create(t.Context(), &pod, metav1.CreateOptions{})
	require.NoError(t, err)
}
