package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/daemon"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
)

// machine drives the program on this machine.
type machine struct{ folder, program string }

type outcome struct {
	stdout, stderr string
	took           time.Duration
	err            error
}

func newMachine(t *testing.T) *machine {
	folder, err := os.Getwd()
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "sandbox")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return &machine{folder: folder, program: program}
}

func (m *machine) try(ctx context.Context, folder string, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	start := time.Now()
	cmd := exec.CommandContext(ctx, m.program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, &stdout, &stderr
	err := cmd.Run()
	return outcome{stdout.String(), stderr.String(), time.Since(start), err}
}

func (m *machine) command(t *testing.T, folder string, args ...string) outcome {
	t.Helper()
	o := m.try(context.WithoutCancel(t.Context()), folder, args...)
	require.NoError(t, o.err, "%s: %s", args, o.stderr)
	t.Logf("%s took %.1fs", args, o.took.Seconds())
	return o
}

func (m *machine) upAgain(t *testing.T) {
	t.Helper()
	m.command(t, m.folder, "up")
	m.requireMarks(t)
	var status string
	require.NoError(t, host.WaitFor(t.Context(), 10*time.Second, func() bool { // the scheduler may be some moments behind
		status = m.command(t, m.folder, "status").stdout
		return !strings.Contains(status, "not well")
	}), status)
}

func (m *machine) docker(t *testing.T, args ...string) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // it is called to clean up, too
	s, err := open()
	require.NoError(t, err)
	all := s.daemon().Answering(ctx)
	require.NotEmpty(t, all)
	out, err := all[0].Run(ctx, args...)
	require.NoError(t, err)
	return out
}

func (m *machine) ids(t *testing.T) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, name := range []string{"slipway-engine", "slipway-node", "slipway-registry"} {
		ids[name] = m.docker(t, "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", name)
	}
	return ids
}

// clone copies what is here to where another clone would have it.
func (m *machine) clone(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "scripts", "sandbox")
	require.NoError(t, os.CopyFS(folder, os.DirFS(m.folder)))
	return folder
}

func needsOwnDocker(t *testing.T) {
	t.Helper()
	if daemon.Process() == 0 {
		t.Skip("the sandbox is in the user's Docker, whose processes are not ours to kill")
	}
}

// processes finds those of ours by the name of their program.
func processes(names ...string) []int {
	return slices.DeleteFunc(host.Processes(), func(pid int) bool {
		line, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		name := filepath.Base(string(bytes.SplitN(line, []byte{0}, 2)[0]))
		return !slices.Contains(names, strings.TrimSuffix(name, "-runc-v2"))
	})
}

func kill(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			require.ErrorIs(t, err, syscall.ESRCH)
		}
	}
}
