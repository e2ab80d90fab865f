package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
)

// takeSnapshot lists all of this machine that a sandbox touches while it is up,
// but for what its Docker keeps in the cache.
func takeSnapshot(t *testing.T) []string {
	t.Helper()
	var all []string
	add := func(kind string, found []string) {
		for _, one := range found {
			all = append(all, kind+" "+one)
		}
	}
	add("container", lines(t, "docker", "ps", "--all", "--quiet")) // of the user's Docker
	add("network", lines(t, "docker", "network", "ls", "--quiet"))
	for _, line := range lines(t, "ip", "-oneline", "-brief", "link") {
		add("device", strings.Fields(line)[:1])
	}
	for _, line := range lines(t, "iptables-save") { // empty chains stay, rules do not
		if strings.HasPrefix(line, "-A") {
			add("firewall", []string{line})
		}
	}
	table, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(table)) {
		add("mount", strings.Fields(line)[4:5])
	}
	add("process", ourProcesses())
	add("control group", folders("/sys/fs/cgroup", 2))
	add("runtime folder", folders("/run", 3))
	add("setting", kernelSettings())
	slices.Sort(all)
	return all
}

// requireSame fails with what came and what went, and with nothing else.
func requireSame(t *testing.T, before, after []string) {
	t.Helper()
	var changes []string
	for _, one := range after {
		if _, found := slices.BinarySearch(before, one); !found {
			changes = append(changes, "+ "+one)
		}
	}
	for _, one := range before {
		if _, found := slices.BinarySearch(after, one); !found {
			changes = append(changes, "- "+one)
		}
	}
	require.Empty(t, changes)
	require.Len(t, after, len(before), "something is there twice")
}

// ourProcesses are those that a sandbox starts, by what they call themselves.
func ourProcesses() []string {
	var found []string
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range commands {
		text, _ := os.ReadFile(path)
		line := strings.ReplaceAll(string(text), "\x00", " ")
		for _, word := range []string{host.RunDir + "/", "docker-proxy", "containerd-shim", "dockerd", "dagger-engine", "kubelet", "docker-registry"} {
			if strings.Contains(line, word) {
				found = append(found, line)
				break
			}
		}
	}
	return found
}

// lines are those that a program printed; one that fails, as docker does where
// none answers, printed none.
func lines(t *testing.T, name string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	out, err := cmd.Output()
	if err != nil {
		require.Equal(t, "docker", name, "%s: %v", name, err)
		return nil
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
}

func folders(root string, depth int) []string {
	var found []string
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		if strings.Count(strings.TrimPrefix(path, root), "/") > depth {
			return fs.SkipDir
		}
		found = append(found, path)
		return nil
	})
	return found
}

// kernelSettings reads what a container or a daemon could have set; those that
// the kernel counts up by itself are left out, and those of devices, which come
// and go with them.
func kernelSettings() []string {
	var settings []string
	for _, root := range []string{"kernel", "vm", "fs", "net/core", "net/ipv4", "net/ipv6/conf/all", "net/ipv6/conf/default", "net/bridge", "user"} {
		_ = filepath.WalkDir(filepath.Join("/proc/sys", root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil
			}
			for _, counter := range []string{"random/", "-nr", "-state", "ns_last_pid", "/nr", "inode", "_count", "/neigh/", "/conf/br-", "/conf/veth", "fs/quota/"} {
				if strings.Contains(path, counter) {
					return nil
				}
			}
			if text, err := os.ReadFile(path); err == nil {
				settings = append(settings, path+" "+string(text))
			}
			return nil
		})
	}
	return settings
}
