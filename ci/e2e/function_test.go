package e2e

import (
	"errors"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// moreFunctions are those of the tests beside the one of docs/extending.md.
const moreFunctions = `package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"dagger/scanner/internal/dagger"
)

// Tell returns what it was given, the token, too.
func (m *Scanner) Tell(ctx context.Context, version string, report *dagger.File, token *dagger.Secret) (string, error) {
	known, err := report.Contents(ctx)
	if err != nil {
		return "", err
	}
	secret, err := token.Plaintext(ctx)
	return known + secret + "\nsummary: " + version, err
}

// Ask asks an address by a service that leads there.
func (m *Scanner) Ask(
	address string,
	// +optional
	by *dagger.Service,
	times int,
) (*dagger.Container, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	c := dag.Container().From("golang:1.26")
	if by != nil {
		c = c.WithServiceBinding(at.Hostname(), by)
	}
	return c.WithEnvVariable("NOW", time.Now().String()).
		WithExec([]string{"sh", "-c", fmt.Sprintf("seq %d | xargs -I N curl --fail --silent --show-error %s >/tmp/answer && echo summary: $(wc -c </tmp/answer) bytes", times, address)}), nil
}

// Break fails, and tells the token.
func (m *Scanner) Break(ctx context.Context, token *dagger.Secret) error {
	secret, err := token.Plaintext(ctx)
	return errors.Join(err, errors.New("the tracker does not answer\nit was asked by "+secret))
}
`

// elsewhere is a module of the same name whose function is another.
const elsewhere = `package main

type Scanner struct{}

// HowItWent tells the result, and where production is.
func (m *Scanner) HowItWent(
	result string,
	// +default="nowhere"
	address string,
) string {
	return "summary: " + result + " at " + address
}
`

// scanner is what dagger init writes for both.
const scanner = `{"name": "scanner", "engineVersion": "v0.21.8", "sdk": {"source": "go"}}`

// exampleFunction adds the example of docs/extending.md: what it describes, and its module.
func (r *repository) exampleFunction() {
	r.t.Helper()
	document, err := os.ReadFile("../../docs/extending.md")
	require.NoError(r.t, err)
	_, section, found := strings.Cut(string(document), "\n### Functions of Dagger modules\n")
	require.True(r.t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	_, described, _ := strings.Cut(section, "```yaml\n")
	described, _, _ = strings.Cut(described, "```")
	r.describe(described)
	_, module, _ := strings.Cut(section, "```go\n")
	module, _, _ = strings.Cut(module, "```")
	require.NoError(r.t, os.MkdirAll(r.path("tools/scanner"), 0o755))
	for name, content := range map[string]string{"main.go": module, "more.go": moreFunctions, "dagger.json": scanner} {
		require.NoError(r.t, os.WriteFile(r.path("tools/scanner/"+name), []byte(content), 0o644))
	}
}

// elsewhere is a module of the same name in a repository that this host serves, by its commit. It has to be at HTTP's own port,
// for the engine takes a module's reference without one; empty: only root may listen there.
func (o *outside) elsewhere(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(o.host, "80"))
	if errors.Is(err, os.ErrPermission) {
		return ""
	}
	require.NoError(t, err)
	r := &repository{t: t, folder: filepath.Join(t.TempDir(), "modules.git")}
	require.NoError(t, os.MkdirAll(r.path("scan"), 0o755))
	for name, content := range map[string]string{"main.go": elsewhere, "dagger.json": scanner} {
		require.NoError(t, os.WriteFile(r.path("scan/"+name), []byte(content), 0o644))
	}
	r.begin()
	r.git("config", "uploadpack.allowAnySHA1InWant", "true")
	programs, err := exec.CommandContext(t.Context(), "git", "--exec-path").Output()
	require.NoError(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: &cgi.Handler{Path: filepath.Join(strings.TrimSpace(string(programs)), "git-http-backend"),
		Env: []string{"GIT_HTTP_EXPORT_ALL=1", "GIT_PROJECT_ROOT=" + filepath.Dir(r.folder)}}}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return "http://" + o.host + "/modules.git/scan@" + r.git("rev-parse", "HEAD")
}

// TestAStepIsAFunctionOfAModule ships by the example of docs/extending.md as it stands there, and by functions beside it.
func TestAStepIsAFunctionOfAModule(t *testing.T) {
	e := newExampleIn(t, "function", "hello")
	others := newOutside(t)
	e.r.edit("kustomize/base/hello.yaml", "/hello-app", "/"+e.n.production)
	e.r.edit("hello.c", "#include <stdio.h>", "#include <stdio.h> // FIXME")
	e.r.exampleFunction()
	e.r.describe("- {name: tell, at: after build, module: ./tools/scanner, function: tell, args: {version: $(VERSION), report: $(REPORT)/report.json}, secrets: {token: \"env://TRACKER_TOKEN\"}}\n" +
		"- {name: ask, at: after deploy, module: ./tools/scanner, function: ask, args: {address: $(ADDRESS)/hello, by: $(ADDRESS), times: 3}, files: [/tmp/answer]}\n" + unlisted)
	remote := others.elsewhere(t)
	if remote != "" {
		e.r.edit(".slipway.yaml", "steps:\n", "steps:\n- {name: elsewhere, at: always, module: \""+remote+"\", function: how-it-went, args: {result: $(RESULT), address: $(ADDRESS)}}\n")
	}
	e.r.begin()
	e.world = e.with("TRACKER_TOKEN=" + others.token)
	passed := e.pipeline(t, e.r, e.n, "--address", "http://localhost:"+e.forwarded(t, e.node(t)+":80")) // which a container reaches by a service alone
	require.Equal(t, 0, passed.code, passed.stdout+passed.stderr)
	others.untold(t, passed)
	t.Run("of the repository, which gets the source and leaves a folder", func(t *testing.T) {
		require.Equal(t, "1 warning in scan.sarif", passed.stage(t, "scan").Detail)
		sarif, err := os.ReadFile(filepath.Join(passed.folder, "steps/scan/scan.sarif"))
		require.NoError(t, err)
		require.Contains(t, string(sarif), "hello.c:4:FIXME is in "+e.Image+"/hello@"+passed.report.Digest)
		require.Contains(t, passed.report.Files, "steps/scan")
	})
	t.Run("which gets a secret and the reports, and returns a text", func(t *testing.T) {
		require.Equal(t, e.r.version(), passed.stage(t, "tell").Detail)
		log, err := os.ReadFile(filepath.Join(passed.folder, "logs/tell.log"))
		require.NoError(t, err)
		require.Regexp(t, `"name": "build",\s+"result": "passed"`, string(log))
		require.Contains(t, string(log), "\n***\nsummary: ")
	})
	t.Run("which reaches production and returns a container", func(t *testing.T) {
		require.Regexp(t, `^\d+ bytes$`, passed.stage(t, "ask").Detail)
		require.FileExists(t, filepath.Join(passed.folder, "steps/ask/answer"))
	})
	t.Run("of a repository elsewhere, by its commit", func(t *testing.T) {
		if remote == "" {
			t.Skip("only root may serve a git repository at port 80")
		}
		require.Regexp(t, `^passed at http://`, passed.stage(t, "elsewhere").Detail)
	})
	t.Run("and ends the run when it fails, without its secret", func(t *testing.T) {
		e.r.edit(".slipway.yaml", "function: tell, args: {version: $(VERSION), report: $(REPORT)/report.json}", "function: break")
		e.r.commit()
		failed := e.ship(t)
		require.Equal(t, 10, failed.code, failed.stdout+failed.stderr)
		require.Equal(t, "step tell: the tracker does not answer", failed.stage(t, "tell").Cause)
		require.Equal(t, []string{"it was asked by ***"}, failed.stage(t, "tell").Evidence)
		if remote != "" {
			require.Equal(t, "failed at nowhere", failed.stage(t, "elsewhere").Detail)
		}
		others.untold(t, failed)
	})
	t.Run("unless it does not take what it is given, before anything is built", func(t *testing.T) {
		e.r.edit(".slipway.yaml", "words: [", "wordz: [")
		refused := e.ship(t)
		require.Equal(t, 2, refused.code, refused.stdout)
		require.Contains(t, refused.stderr, "steps: scan: module ./tools/scanner: function scan has no argument wordz; it takes image, source, token, words")
		require.Empty(t, refused.results())
	})
}
