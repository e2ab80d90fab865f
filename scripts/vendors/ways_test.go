package vendors

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// other is a repository that has no copy of ci/ and describes itself, with one commit on main.
func other(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hello")
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "ci", "e2e", "testdata", "hello"))))
	must(t, dir, "git", "init", "--quiet", "--initial-branch", "main")
	must(t, dir, "git", "remote", "add", "origin", "https://github.com/team/hello.git")
	return dir
}

// commit commits all that a repository has, and gives the commit the tags.
func commit(t *testing.T, dir string, tags ...string) {
	t.Helper()
	must(t, dir, "git", "add", "--all")
	must(t, dir, "git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--allow-empty", "--message", "a change")
	for _, tag := range tags {
		must(t, dir, "git", "tag", tag)
	}
	must(t, dir, "git", "update-ref", "refs/remotes/origin/main", "HEAD")
	must(t, dir, "git", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
}

// documented is an example of a page of docs, as users copy it.
func documented(t *testing.T, page, name string) string {
	t.Helper()
	found := regexp.MustCompile("(?ms)^```\\w+ " + name + "\n(.*?)^```$").FindStringSubmatch(text(t, "docs/"+page+".md"))
	require.NotEmpty(t, found, name)
	return found[1]
}

// removed removes all that bootstrap has made for the application, as docs/clusters.md tells.
func removed(t *testing.T, dir string, env []string, program string) {
	t.Helper()
	out, err := run(t, dir, env, "sh", "-c", `eval "$(`+program+` sandbox env)" && kubectl delete namespaces,validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles,clusterrolebindings -l app.kubernetes.io/managed-by=slipway,app.kubernetes.io/name=hello`)
	require.NoError(t, err, out)
}

// write writes a file of a repository.
func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// missing is what the program says in a repository that names an image and no cluster.
const missing = "slipway: --kubeconfig: missing; with --image, give the credentials of the cluster"

func TestTheWaysInAreFewLinesAroundTheOneCommand(t *testing.T) {
	t.Parallel()
	for file, command := range map[string]string{
		"action.yml":                   `exec "\$at/slipway" \$COMMAND`,
		"templates/slipway.yml":        `go run github\.com/slipway-cd/slipway/ci@\$\[\[ inputs\.version \]\]`,
		".jenkins/vars/slipway.groovy": `exec go run "\$PROGRAM" \$COMMAND`,
		".tekton/task.yaml":            `go, run, -C, /source/checkout, \$\(params\.package\)`,
	} {
		require.Len(t, regexp.MustCompile(command).FindAllString(text(t, file), -1), 1, file)
	}
	// What the action uses is what the workflow does.
	uses := regexp.MustCompile(`uses: (\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)`)
	for _, found := range uses.FindAllStringSubmatch(text(t, "action.yml")+documented(t, "ci-vendors", "github")+text(t, ".github/workflows/release.yml"), -1) {
		if !strings.HasPrefix(found[1], "slipway-cd/") {
			require.Contains(t, text(t, workflow), found[1])
		}
	}
	require.Len(t, uses.FindAllString(text(t, "action.yml"), -1), strings.Count(text(t, "action.yml"), "uses: "))
	require.NotContains(t, regexp.MustCompile(`(?s)run: .*?\n    - `).FindAllString(text(t, "action.yml"), -1), "${{", "an input is no part of a script")
}
