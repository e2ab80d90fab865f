package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// removeCgroups takes our groups away once they are empty; the kernel needs a
// moment to notice that they are.
func removeCgroups(ctx context.Context) error {
	err := waitFor(ctx, 5*time.Second, func() bool {
		for _, folder := range cgroupFolders() {
			_ = syscall.Rmdir(folder)
		}
		return len(cgroupFolders()) == 0
	})
	if err != nil {
		return fmt.Errorf("remove control groups %v: %w", cgroupFolders(), err)
	}
	return nil
}

// removeSockets takes away what containers' shims, killed, leave in a folder
// that every containerd of a machine shares, and the folders if none is used.
func removeSockets() {
	containers, _ := filepath.Glob(runDir + "/exec/containerd/daemon/io.containerd.runtime.v2.task/moby/*")
	for _, container := range containers {
		_ = os.Remove(shimSocket(filepath.Base(container)))
	}
	for _, folder := range []string{"/run/containerd/s", "/run/containerd", "/run/docker/plugins", "/run/docker"} {
		_ = syscall.Rmdir(folder) // refused unless empty
	}
}

// shimSocket is where containerd has the shim of a container listen
// (SocketAddress in its pkg/shim).
func shimSocket(container string) string {
	name := sha256.Sum256([]byte(runDir + "/exec/containerd/containerd.sock/moby/" + container))
	return "/run/containerd/s/" + hex.EncodeToString(name[:])
}
