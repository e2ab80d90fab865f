package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

// hello is a copy of the other example application, which answers below /name.
func (w *world) hello(t *testing.T, name string) *repository {
	t.Helper()
	r := copied(t, "hello")
	r.edit("kustomize/base/hello.yaml", "/hello-app", "/"+name)
	r.begin()
	return r
}

// refuse commits tests of that application that take in production only versions that match. An undo passes
// them where it should: they judge the former version, too.
func (r *repository) refuse(pattern string) {
	r.t.Helper()
	r.edit("tests.pl", "done_testing;", "like get('/version')->{content}, qr/"+pattern+"/, 'it is the version wanted' if $ARGV[0] eq 'production';\ndone_testing;")
	r.commit()
}

// runs are the arguments of a run of the pipeline.
func (w *world) runs(source string, n namespaces, image string) []string {
	return []string{"run", "--source", source, "--namespace", n.production, "--build-namespace", n.build, "--image", w.Image + "/" + image}
}

// server is the API server as a service of this host, for it listens on 127.0.0.1.
func (w *world) server(t *testing.T) string {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", w.Kubeconfig)
	require.NoError(t, err)
	at, err := url.Parse(config.Host)
	require.NoError(t, err)
	return "tcp://" + at.Host
}

// call calls a function of the module for the sandbox's cluster.
func (w *world) call(t *testing.T, function string, args ...string) ended {
	t.Helper()
	return w.dagger(t, w.withCluster(t, function, args)...)
}

// withCluster puts the cluster's flags behind the function's name; build has none.
func (w *world) withCluster(t *testing.T, function string, args []string) []string {
	t.Helper()
	call := []string{"call", function}
	if function != "build" {
		call = append(call, "--kubeconfig", "file:"+w.Kubeconfig, "--cluster", w.server(t))
	}
	return append(call, args...)
}

// called calls a function that returns reports and reads them: args end with the flag
// that says where they go.
func (w *world) called(t *testing.T, args ...string) ended {
	t.Helper()
	folder := t.TempDir()
	done := w.call(t, args[0], append(args[1:], folder)...)
	done.read(t, folder)
	return done
}

// dagger runs the engine's own command line outside every repository, and holds all
// that it prints to hold no secret.
func (w *world) dagger(t *testing.T, args ...string) ended {
	t.Helper()
	done := w.finish(w.daggerCommand(t, args...))
	w.requireNoSecret(t, done.stdout+done.stderr)
	return done
}

func (w *world) daggerCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, w.Env["_EXPERIMENTAL_DAGGER_CLI_BIN"], append([]string{args[0], "-m", w.root, "--progress", "plain"}, args[1:]...)...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "DO_NOT_TRACK=1", "DAGGER_NO_NAG=1", "NO_COLOR=1", "PASSWORD="+password)
	cmd.Env = append(cmd.Env, w.toSandbox()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// interrupted sends Ctrl-C to a call when it prints text.
func (w *world) interrupted(t *testing.T, text string, args ...string) ended {
	t.Helper()
	cmd := w.daggerCommand(t, w.withCluster(t, args[0], args[1:])...)
	var seen bytes.Buffer
	cmd.Stderr = writer(func(p []byte) (int, error) {
		before := strings.Contains(seen.String(), text)
		seen.Write(p)
		if !before && strings.Contains(seen.String(), text) {
			_ = cmd.Process.Signal(syscall.SIGINT)
		}
		return len(p), nil
	})
	_ = cmd.Run() // the code tells
	require.Contains(t, seen.String(), text)
	return ended{code: cmd.ProcessState.ExitCode(), stderr: seen.String()}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// password is one that calls may name as env:PASSWORD.
const password = "not-to-be-printed"

// requireNoSecret looks for that and for the private keys of the kubeconfig.
func (w *world) requireNoSecret(t *testing.T, text string) {
	t.Helper()
	require.NotContains(t, text, password)
	config, err := clientcmd.LoadFromFile(w.Kubeconfig)
	require.NoError(t, err)
	for _, user := range config.AuthInfos {
		require.NotEmpty(t, user.ClientKeyData)
		for line := range strings.Lines(string(user.ClientKeyData)) {
			require.NotContains(t, text, strings.TrimSpace(line), "a secret was printed")
		}
		require.NotContains(t, text, base64.StdEncoding.EncodeToString(user.ClientKeyData)[:100], "a secret was printed")
	}
}
