package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repository is a copy of the application's repository, with a history of its own.
type repository struct {
	t      *testing.T
	folder string
}

// newRepository copies the application as it is in the working tree. Production
// answers below /name, since all share one address.
func (w *world) newRepository(t *testing.T, name string) *repository {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "*.go", "go.mod", "go.sum", "Dockerfile", ".dockerignore", ".gitignore", "kustomize", "scripts/lint", "ci/app")
	list.Dir = w.root
	files, err := list.Output()
	require.NoError(t, err)
	r := &repository{t: t, folder: t.TempDir()}
	for _, file := range strings.Split(strings.TrimRight(string(files), "\x00"), "\x00") {
		if strings.HasSuffix(file, ".go") && strings.Contains(file, "/") && !strings.HasPrefix(file, "ci/app/") {
			continue // the pipeline's own
		}
		content, err := os.ReadFile(filepath.Join(w.root, file))
		if os.IsNotExist(err) {
			continue // deleted and not committed yet
		}
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(r.path(file)), 0o755))
		require.NoError(t, os.WriteFile(r.path(file), content, 0o644))
	}
	r.edit("kustomize/base/ingress.yaml", "path: /demo", "path: /"+name)
	// No request of a user is in flight here: a pod that goes waits for none.
	r.edit("kustomize/base/deployment.yaml", "value: /demo", "value: /"+name+"\n        - {name: DRAIN_DELAY, value: 0s}")
	r.describe(demo + unlisted)
	r.begin()
	return r
}

// demo is the description that ci/app has in Go, and what the main job ships by.
const demo = `name: go-demo
functional: [/tests/app.test, -test.v, -test.run, FunctionalTest]
production: [/tests/app.test, -test.v, -test.run, ProductionTest]
passed: "--- PASS: Test"
service: api
port: 8080
betaPath: /beta
health: /health
`

// unlisted spares a run the list of its images' contents, which tests of evidence look at.
const unlisted = "evidence: {sbom: none}\n"

// describe adds to the description of the application.
func (r *repository) describe(more string) {
	r.t.Helper()
	content, err := os.ReadFile(r.path(".slipway.yaml"))
	require.True(r.t, err == nil || os.IsNotExist(err), "%v", err)
	require.NoError(r.t, os.WriteFile(r.path(".slipway.yaml"), append(content, more...), 0o644))
}

// copied is a copy of a repository in testdata, without a history yet.
func copied(t *testing.T, name string) *repository {
	t.Helper()
	r := &repository{t: t, folder: t.TempDir()}
	require.NoError(t, os.CopyFS(r.folder, os.DirFS(filepath.Join("testdata", name))))
	return r
}

// server adds the program of the repository hello, a web server.
func (r *repository) server() *repository {
	r.t.Helper()
	for _, file := range []string{"hello.c", "answer.h"} {
		content, err := os.ReadFile(filepath.Join("testdata", "hello", file))
		require.NoError(r.t, err)
		require.NoError(r.t, os.WriteFile(r.path(file), content, 0o644))
	}
	return r
}

// begin makes the first commit.
func (r *repository) begin() {
	r.t.Helper()
	r.git("init", "--quiet")
	r.commit()
}

func (r *repository) path(file string) string {
	return filepath.Join(r.folder, filepath.FromSlash(file))
}

// edit replaces text that must be there.
func (r *repository) edit(file, before, after string) {
	r.t.Helper()
	content, err := os.ReadFile(r.path(file))
	require.NoError(r.t, err)
	require.Contains(r.t, string(content), before, file)
	require.NoError(r.t, os.WriteFile(r.path(file), []byte(strings.ReplaceAll(string(content), before, after)), 0o644))
}

// commit commits everything, also when nothing changed. Commits of two tests differ, for their
// folders do: the version, which is made of the hash, names an image in a registry that all share.
func (r *repository) commit() {
	r.t.Helper()
	r.git("add", "--all")
	r.git("commit", "--quiet", "--allow-empty", "--message", r.folder)
}

// branch returns a repository of its own that begins with this one's commit.
func (r *repository) branch(t *testing.T) *repository {
	t.Helper()
	branch := &repository{t: t, folder: t.TempDir()}
	branch.git("clone", "--quiet", r.folder, ".")
	return branch
}

// refuseOthers commits production tests that take only versions that match. An undo
// passes them where it should: they judge the former version, too. The pattern is
// the same each time, so that the engine compiles the tests once and never again.
func (r *repository) refuseOthers(pattern string) {
	r.t.Helper()
	r.edit("production_test.go", `s.Equal(want, answer["version"])`, fmt.Sprintf(`s.Equal(want, answer["version"])
	s.Regexp(%q, answer["version"])`, pattern))
	r.commit()
}

// version is what the program makes of the commit.
func (r *repository) version() string {
	r.t.Helper()
	return r.git("rev-list", "--count", "HEAD") + "-g" + r.git("rev-parse", "--short=8", "HEAD")
}

func (r *repository) git(args ...string) string {
	r.t.Helper()
	git := exec.CommandContext(r.t.Context(), "git", append([]string{"-C", r.folder, "-c", "user.name=test", "-c", "user.email=test@localhost"}, args...)...)
	out, err := git.CombinedOutput()
	require.NoError(r.t, err, string(out))
	return strings.TrimSpace(string(out))
}
