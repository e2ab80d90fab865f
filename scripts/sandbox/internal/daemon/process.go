package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
)

// Process returns the process that runs our daemon, or 0: a pid file outlives
// its process, and its number may be another's by then.
func Process() int {
	text, _ := os.ReadFile(pidFile)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	line, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if args := strings.Split(string(line), "\x00"); filepath.Base(args[0]) == "dockerd" && slices.Contains(args, pidFile) {
		return pid
	}
	return 0
}

// stopDaemon asks the daemon to end, which ends its containers in order, then
// kills what is left of it: after a kill -9 that is every container.
func stopDaemon(ctx context.Context) error {
	if pid := Process(); pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGTERM)
		if err := host.WaitFor(ctx, 20*time.Second, func() bool { return !host.Alive(pid) }); ctx.Err() != nil {
			return err
		} else if err != nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	err := host.WaitFor(ctx, 20*time.Second, func() bool {
		left := host.Processes()
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(left) == 0
	})
	if err != nil {
		return fmt.Errorf("processes %v do not end: %w", host.Processes(), err)
	}
	return nil
}

// removeSockets takes away what containers' shims, killed, leave in a folder
// that every containerd of a machine shares, and the folders if none is used.
func removeSockets() {
	containers, _ := filepath.Glob(host.RunDir + "/exec/containerd/daemon/io.containerd.runtime.v2.task/moby/*")
	for _, container := range containers {
		_ = os.Remove(docker.ShimSocket(filepath.Base(container)))
	}
	for _, folder := range []string{"/run/containerd/s", "/run/containerd", "/run/docker/plugins", "/run/docker"} {
		_ = syscall.Rmdir(folder) // refused unless empty
	}
}
