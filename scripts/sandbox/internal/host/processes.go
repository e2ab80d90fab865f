package host

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

// Cgroup is the control group that holds the daemon of our own and, below
// it, every container: what is in it is ours, whoever was killed meanwhile, and
// nothing else is.
const Cgroup = "slipway"

const cgroupRoot = "/sys/fs/cgroup"

// DaemonCgroup makes the group that the daemon starts in and returns the file
// that takes its process: in the one hierarchy of cgroup v2, or one of v1's.
func DaemonCgroup() (string, error) {
	for _, hierarchy := range []string{"", "pids", "systemd"} {
		root := filepath.Join(cgroupRoot, hierarchy)
		if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); err == nil {
			folder := filepath.Join(root, Cgroup, "daemon")
			return filepath.Join(folder, "cgroup.procs"), os.MkdirAll(folder, 0o755)
		}
	}
	return "", errors.New("no control groups are mounted at " + cgroupRoot)
}

// cgroupFolders are our groups in every hierarchy, deepest first.
func cgroupFolders() []string {
	var folders []string
	for _, pattern := range []string{cgroupRoot + "/" + Cgroup, cgroupRoot + "/*/" + Cgroup} {
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

// Processes are those in our groups that live.
func Processes() []int {
	var pids []int
	for _, folder := range cgroupFolders() {
		text, _ := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
		for field := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 && Alive(pid) {
				pids = append(pids, pid)
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// Alive tells whether a process runs and has not only not been waited for.
func Alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// RemoveCgroups takes our groups away once they are empty; the kernel needs a
// moment to notice that they are.
func RemoveCgroups(ctx context.Context) error {
	err := WaitFor(ctx, 5*time.Second, func() bool {
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

// WaitFor asks until it is so; there is nothing to watch in /proc.
func WaitFor(ctx context.Context, limit time.Duration, so func() bool) error {
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
