package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroupName is the control group that holds the daemon of our own and, below
// it, every container: what is in it is ours, whoever was killed meanwhile, and
// nothing else is.
const cgroupName = "slipway"

const cgroupRoot = "/sys/fs/cgroup"

// daemonCgroup makes the group that the daemon starts in and returns the file
// that takes its process: in the one hierarchy of cgroup v2, or one of v1's.
func daemonCgroup() (string, error) {
	for _, hierarchy := range []string{"", "pids", "systemd"} {
		root := filepath.Join(cgroupRoot, hierarchy)
		if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); err == nil {
			folder := filepath.Join(root, cgroupName, "daemon")
			return filepath.Join(folder, "cgroup.procs"), os.MkdirAll(folder, 0o755)
		}
	}
	return "", errors.New("no control groups are mounted at " + cgroupRoot)
}

// cgroupFolders are our groups in every hierarchy, deepest first.
func cgroupFolders() []string {
	var folders []string
	for _, pattern := range []string{cgroupRoot + "/" + cgroupName, cgroupRoot + "/*/" + cgroupName} {
		roots, _ := filepath.Glob(pattern)
		for _, root := range roots {
			_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
				if err == nil && entry.IsDir() {
					folders = append(folders, path)
				}
				return nil // a group may go while we look
			})
		}
	}
	slices.Sort(folders)
	slices.Reverse(folders)
	return folders
}

// ownProcesses are those in our groups that live.
func ownProcesses() []int {
	var pids []int
	for _, folder := range cgroupFolders() {
		text, _ := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
		for field := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 && alive(pid) {
				pids = append(pids, pid)
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// stopDaemon asks the daemon to end, which ends its containers in order, then
// kills what is left of it: after a kill -9 that is every container.
func stopDaemon(ctx context.Context) error {
	if pid := ownDaemon(); pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGTERM)
		if err := waitFor(ctx, 20*time.Second, func() bool { return !alive(pid) }); ctx.Err() != nil {
			return err
		} else if err != nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	err := waitFor(ctx, 20*time.Second, func() bool {
		left := ownProcesses()
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		return len(left) == 0
	})
	if err != nil {
		return fmt.Errorf("processes %v do not end: %w", ownProcesses(), err)
	}
	return nil
}

// waitFor asks until it is so; there is nothing to watch in /proc.
func waitFor(ctx context.Context, limit time.Duration, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !so() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}
