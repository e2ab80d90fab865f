package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
)

// ownPool is where a daemon of our own takes its networks from: a range of
// RFC 6598, which no home or office network uses.
const ownPool = "100.102.0.0/16"

const (
	forwarding      = "/proc/sys/net/ipv4/ip_forward"
	formerForward   = runDir + "/ip_forward.before"
	ruleDescription = "slipway sandbox"
)

// masquerade is the one firewall rule that containers need to reach the
// outside when the daemon makes none.
func masquerade(action string) []string {
	return []string{"-w", "-t", "nat", action, "POSTROUTING", "-s", ownPool, "!", "-d", ownPool,
		"-m", "comment", "--comment", ruleDescription, "-j", "MASQUERADE"}
}

// openHost lets containers reach the outside and remembers how it was.
func openHost() error {
	former, err := os.ReadFile(forwarding)
	if err != nil {
		return err
	}
	if _, err := os.Stat(formerForward); err != nil {
		if err := os.WriteFile(formerForward, former, 0o600); err != nil {
			return err
		}
	}
	if err := os.WriteFile(forwarding, []byte("1\n"), 0o644); err != nil {
		return err
	}
	if exec.Command("iptables", masquerade("-C")...).Run() == nil {
		return nil
	}
	if out, err := exec.Command("iptables", masquerade("-A")...).CombinedOutput(); err != nil {
		return fmt.Errorf("let containers reach the outside: iptables: %s", lastLine(string(out)))
	}
	return nil
}

// closeHost puts back what openHost changed, and takes away what a killed
// daemon could not: bridges of our range, links to them, empty cgroups.
func closeHost() error {
	for exec.Command("iptables", masquerade("-C")...).Run() == nil {
		if out, err := exec.Command("iptables", masquerade("-D")...).CombinedOutput(); err != nil {
			return fmt.Errorf("remove our firewall rule: iptables: %s", lastLine(string(out)))
		}
	}
	if former, err := os.ReadFile(formerForward); err == nil {
		if err := os.WriteFile(forwarding, former, 0o644); err != nil {
			return err
		}
	}
	for _, bridge := range ownBridges() {
		_ = exec.Command("ip", "link", "delete", bridge).Run()
	}
	removeEmptyCgroups()
	return nil
}

// ownBridges are the devices that carry the first address of a network of ours.
func ownBridges() []string {
	out, _ := exec.Command("ip", "-4", "-oneline", "address", "show", "to", ownPool).Output()
	var names []string
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], "br-") {
			names = append(names, fields[1])
		}
	}
	return names
}

// removeEmptyCgroups takes away the daemon's folder in each hierarchy; the
// kernel refuses to remove one that still holds a process.
func removeEmptyCgroups() {
	for _, pattern := range []string{"/sys/fs/cgroup/docker", "/sys/fs/cgroup/*/docker"} {
		roots, _ := filepath.Glob(pattern)
		for _, root := range roots {
			var folders []string
			_ = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
				if err == nil && entry.IsDir() {
					folders = append(folders, path)
				}
				return nil
			})
			sort.Sort(sort.Reverse(sort.StringSlice(folders)))
			for _, folder := range folders {
				_ = syscall.Rmdir(folder)
			}
		}
	}
}

// unmountBelow takes away mounts that a killed daemon left, deepest first.
func unmountBelow(folders ...string) error {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var points []string
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line) // proc(5): the fifth field is the mount point
		for _, folder := range folders {
			if strings.HasPrefix(fields[4], folder+"/") {
				points = append(points, fields[4])
			}
		}
	}
	sort.Sort(sort.Reverse(sort.StringSlice(points)))
	for _, point := range points {
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil && err != syscall.EINVAL {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	return nil
}
