package e2e

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnEngineIsReachedByASocketOrAPort: one that is somebody's, beside which none is started.
func TestAnEngineIsReachedByASocketOrAPort(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "socket")
	r := w.hello(t, n.production)
	socket := w.engineAt(t, "unix", filepath.Join(t.TempDir(), "engine.sock"))
	port := w.engineAt(t, "tcp", "127.0.0.1:0")
	containers := w.docker(t, "ps", "--all", "--quiet", "--no-trunc")
	for _, ref := range []string{"unix://" + socket, "tcp://" + port} {
		done := w.pipeline(t, r, n, "--engine", ref, "--until", "build")
		require.Equal(t, 0, done.code, done.stdout+done.stderr)
	}
	require.Equal(t, containers, w.docker(t, "ps", "--all", "--quiet", "--no-trunc"), "another engine was started")

	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { silent.Close() })
	before := w.snapshot(t, n)
	done := w.pipeline(t, r, n, "--engine", "tcp://"+silent.Addr().String())
	require.Equal(t, 36, done.code, done.stdout+done.stderr)
	require.Empty(t, done.stdout)
	require.Contains(t, done.stderr, "slipway: engine: tcp://"+silent.Addr().String()+" does not answer within 30s")
	require.Equal(t, 1, strings.Count(sandboxLine.ReplaceAllString(done.stderr, ""), "\n"), done.stderr)
	requireSame(t, before, w.snapshot(t, n), "the cluster was changed")
}

// engineAt has the sandbox's engine answer at an address of this machine, and returns that.
func (w *world) engineAt(t *testing.T, network, address string) string {
	t.Helper()
	return accepting(t, network, address, func(connection net.Conn) {
		cmd := w.dockerCommand("exec", "--interactive", "slipway-engine", "buildctl", "dial-stdio")
		in, err := cmd.StdinPipe()
		cmd.Stdout = connection
		if err != nil || cmd.Start() != nil {
			return
		}
		go func() {
			_, _ = io.Copy(in, connection)
			in.Close()
		}()
		_ = cmd.Wait() // with its connection it is over
	})
}

func (w *world) dockerCommand(args ...string) *exec.Cmd {
	cmd := exec.Command("docker", args...)
	cmd.Env = append(os.Environ(), w.toSandbox()...)
	return cmd
}

// docker returns what the sandbox's Docker says.
func (w *world) docker(t *testing.T, args ...string) string {
	t.Helper()
	var said strings.Builder
	cmd := w.dockerCommand(args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, "docker %s: %s", strings.Join(args, " "), &said)
	return strings.TrimSpace(string(out))
}
