package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/sandboxtest"
)

// TestLifecycle takes the sandbox of this machine down and up, kills its parts
// and drops its state; it is not for a machine where someone works with it.
// Without root it runs what a user's Docker allows.
func TestLifecycle(t *testing.T) {
	if os.Getenv("SLIPWAY_SANDBOX_TEST") != "1" {
		t.Skip("SLIPWAY_SANDBOX_TEST=1 lets this test stop, kill and reset the sandbox of this machine")
	}
	m := newMachine(t)
	m.command(t, m.folder, "down")
	before := takeSnapshot(t)

	t.Run("status and down are quiet when nothing is up", func(t *testing.T) {
		require.Contains(t, m.command(t, m.folder, "status").stdout, "down")
		down := m.command(t, m.folder, "down")
		require.Empty(t, down.stdout+down.stderr)
		require.Less(t, down.took, 2*time.Second)
		requireSame(t, before, takeSnapshot(t))
	})
	t.Run("up from nothing", func(t *testing.T) {
		m.command(t, m.folder, "reset")
		m.command(t, m.folder, "up") // may build
		m.command(t, m.folder, "reset")
		require.Less(t, m.command(t, m.folder, "up").took, 30*time.Second)
		m.leaveMarks(t)
	})
	t.Run("up again changes nothing", func(t *testing.T) {
		ids := m.ids(t)
		require.Less(t, m.command(t, m.folder, "up").took, time.Second)
		require.Equal(t, ids, m.ids(t))
	})
	t.Run("a second up waits for the first", m.testTwoAtOnce)
	t.Run("kill -9", m.testKills)
	t.Run("another clone", m.testOtherClone)
	t.Run("a change of one image", m.testChange)
	t.Run("down leaves nothing but the state", func(t *testing.T) {
		m.command(t, m.folder, "down")
		requireSame(t, before, takeSnapshot(t))
		m.command(t, m.folder, "up")
		m.requireMarks(t)
	})
	t.Run("down leaves nothing after everything was killed", func(t *testing.T) {
		needsOwnDocker(t)
		kill(t, host.Processes())
		m.command(t, m.folder, "down")
		requireSame(t, before, takeSnapshot(t))
	})
	t.Run("reset drops the state", func(t *testing.T) {
		m.command(t, m.folder, "reset")
		requireSame(t, before, takeSnapshot(t))
		m.command(t, m.folder, "up")
		_, err := m.client(t).CoreV1().ConfigMaps("default").Get(t.Context(), mark, metav1.GetOptions{})
		require.True(t, apierrors.IsNotFound(err), err)
	})
}

func (m *machine) testTwoAtOnce(t *testing.T) {
	m.command(t, m.folder, "down")
	second := make(chan outcome)
	first := make(chan outcome)
	go func() { first <- m.try(t.Context(), m.folder, "up") }()
	go func() { second <- m.try(t.Context(), m.folder, "up") }()
	one, two := <-first, <-second
	require.NoError(t, one.err, one.stderr)
	require.NoError(t, two.err, two.stderr)
	require.Equal(t, 1, strings.Count(one.stderr+two.stderr, "waiting for it"))
	require.Equal(t, 1, strings.Count(one.stderr+two.stderr, "up after"))
	m.requireMarks(t)
}

func (m *machine) testKills(t *testing.T) {
	for _, name := range []string{"slipway-node", "slipway-engine", "slipway-registry"} {
		t.Run(name, func(t *testing.T) {
			m.docker(t, "kill", name)
			m.upAgain(t)
		})
	}
	for program, container := range map[string]string{
		"etcd": docker.Node, "kubelet": docker.Node, "kube-apiserver": docker.Node, "traefik": docker.Node,
		"dagger-engine": docker.Engine, "docker-registry": docker.Registry,
	} {
		t.Run(program, func(t *testing.T) { // the container ends with each
			needsOwnDocker(t)
			kill(t, processes(program))
			require.NoError(t, host.WaitFor(t.Context(), 5*time.Second, func() bool {
				return m.docker(t, "inspect", "--format", "{{.State.Status}}", container) != "running"
			}))
			m.upAgain(t)
		})
	}
	t.Run("a part that hangs", func(t *testing.T) {
		needsOwnDocker(t)
		for _, pid := range processes("docker-registry") {
			require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
		}
		m.upAgain(t)
	})
	// The daemon, its containerd, and the shims: containers then live on alone.
	for _, programs := range [][]string{
		{"containerd-shim"}, {"containerd"}, {"docker-proxy"}, {"dockerd"}, {"dockerd", "containerd", "containerd-shim"},
	} {
		t.Run(strings.Join(programs, " and "), func(t *testing.T) {
			needsOwnDocker(t)
			pids := processes(programs...)
			require.NotEmpty(t, pids)
			kill(t, pids)
			m.upAgain(t)
			require.LessOrEqual(t, len(processes("etcd")), 1, "the former node lives on")
		})
	}
	t.Run("everything at once", func(t *testing.T) {
		needsOwnDocker(t)
		kill(t, host.Processes())
		m.upAgain(t)
	})
	t.Run("the firewall flushed", func(t *testing.T) {
		needsOwnDocker(t)
		require.NoError(t, host.Close())
		m.upAgain(t)
		require.NoError(t, host.IsOpen())
	})
}

func (m *machine) testOtherClone(t *testing.T) {
	clone := m.clone(t)
	ids := m.ids(t)
	require.Less(t, m.command(t, clone, "up").took, time.Second)
	require.Equal(t, ids, m.ids(t), "the same images are shared")
	sandboxtest.Append(t, filepath.Join(clone, "images", "engine", "engine.toml"), "# other\n")
	refused := m.try(t.Context(), clone, "up")
	require.Error(t, refused.err)
	require.Contains(t, refused.stderr, "belongs to "+filepath.Dir(filepath.Dir(m.folder)))
	require.Equal(t, ids, m.ids(t))
}

func (m *machine) testChange(t *testing.T) {
	clone := m.clone(t)
	m.command(t, m.folder, "down")
	m.command(t, clone, "up")
	ids, image := m.ids(t), m.nodeImage(t)
	// Words that no former run had: an image that it left would be there already.
	sandboxtest.Append(t, filepath.Join(clone, "images", "node", "etc", "Corefile"), "# "+time.Now().String()+"\n")
	t.Cleanup(func() { m.backFrom(t, clone, image) })
	up := m.command(t, clone, "up")
	require.Contains(t, up.stderr, "(0 of 1 done")
	require.Contains(t, up.stderr, "building node image")
	m.requireMarks(t)
	now := m.ids(t)
	require.NotEqual(t, ids["slipway-node"], now["slipway-node"])
	require.Equal(t, ids["slipway-engine"], now["slipway-engine"])
	require.Equal(t, ids["slipway-registry"], now["slipway-registry"])
}

func (m *machine) nodeImage(t *testing.T) string {
	t.Helper()
	return m.docker(t, "inspect", "--format", "{{.Config.Image}}", "slipway-node")
}

// backFrom has the machine's sandbox be m's own again, with image for its node, and takes away
// the one that clone built for itself.
func (m *machine) backFrom(t *testing.T, clone, image string) {
	t.Helper()
	built := m.nodeImage(t)
	m.command(t, clone, "down")
	m.command(t, m.folder, "up")
	if built != image {
		m.docker(t, "rmi", built)
	}
}
