package sigstoretest

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// programs are the paths of those that were compiled, by module and name: to find out that nothing has changed takes most of a second.
var programs sync.Map

// program compiles a tool of a module below scripts, where that was not done before, and returns its path.
func program(t *testing.T, module, name string, env ...string) string {
	t.Helper()
	if path, ok := programs.Load(module + "/" + name); ok {
		return path.(string)
	}
	own, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	require.NoError(t, err)
	modfile := filepath.Join(filepath.Dir(strings.TrimSpace(string(own))), "scripts", module, "go.mod")
	cmd := exec.CommandContext(t.Context(), "go", "tool", "-modfile="+modfile, "-n", name)
	cmd.Env = append(os.Environ(), env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	path := strings.TrimSpace(string(out))
	programs.Store(module+"/"+name, path)
	return path
}

// Cosign is the program that scripts/cosign names.
func Cosign(t *testing.T) string {
	t.Helper()
	return program(t, "cosign", "cosign")
}

// start runs a server until the test ends, and returns when it answers at a URL.
func start(t *testing.T, ready, path string, args ...string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), filepath.Base(path)+".log")
	out, err := os.Create(log)
	require.NoError(t, err)
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // how it ends is of no interest: it is killed
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = out.Close()
	})
	require.Eventually(t, func() bool {
		select {
		case <-ended:
			said, _ := os.ReadFile(log)
			t.Log(string(said))
			return true
		default:
			return status(t.Context(), ready) == http.StatusOK
		}
	}, 30*time.Second, 50*time.Millisecond, log)
	require.Equal(t, http.StatusOK, status(t.Context(), ready), path)
}

func status(ctx context.Context, at string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return 0
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// read returns what is at a URL.
func read(t *testing.T, at string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(content))
	return content
}

// ports are free ones of this machine.
func ports(t *testing.T, count int) (out []string) {
	t.Helper()
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close() // all at the end, so that each is another
		out = append(out, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	}
	return out
}
