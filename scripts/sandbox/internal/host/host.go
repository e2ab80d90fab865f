// Package host prepares this machine for containers and puts it back as it was:
// packages, firewall, devices, mounts, control groups and what runs in them. It
// does not know what Docker does with them.
package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// RunDir is where a daemon of our own lives; nothing else on the machine uses the
// folder.
const RunDir = "/run/slipway"

// Pool is where a daemon of our own takes its networks from: a range of
// RFC 6598, which no home or office network uses.
const Pool = "100.102.0.0/16"

const (
	forwarding      = "/proc/sys/net/ipv4/ip_forward"
	formerForward   = RunDir + "/ip_forward.before"
	ruleDescription = "slipway sandbox"
)

// rule is one of the firewall's.
type rule struct{ table, chain, match, target string }

// rules let containers reach the outside where the daemon makes none: their
// packets leave under this host's address, and pass where a Docker that was
// here before has left the policy of FORWARD at DROP.
var rules = []rule{
	{"nat", "POSTROUTING", "-s " + Pool + " ! -d " + Pool, "MASQUERADE"},
	{"filter", "FORWARD", "-s " + Pool, "ACCEPT"},
	{"filter", "FORWARD", "-d " + Pool, "ACCEPT"},
}

// args are those of iptables: action is -C (is it there), -I or -D. They come
// first in their chain, before what would drop the packet.
func (r rule) args(action string) []string {
	args := append([]string{"-w", "-t", r.table, action, r.chain}, strings.Fields(r.match)...)
	return append(args, "-m", "comment", "--comment", ruleDescription, "-j", r.target)
}

func (r rule) there() bool { return exec.Command("iptables", r.args("-C")...).Run() == nil }

func (r rule) change(action string) error {
	if out, err := exec.Command("iptables", r.args(action)...).CombinedOutput(); err != nil {
		return fmt.Errorf("let containers reach the outside: iptables: %s", LastLine(string(out)))
	}
	return nil
}

// IsOpen tells whether containers reach the outside.
func IsOpen() error {
	if text, err := os.ReadFile(forwarding); err != nil || strings.TrimSpace(string(text)) != "1" {
		return errors.New("this host does not forward packets")
	}
	for _, r := range rules {
		if !r.there() {
			return fmt.Errorf("the firewall lacks our rule in %s", r.chain)
		}
	}
	return nil
}

// Open lets containers reach the outside and remembers how it was.
func Open() error {
	former, err := os.ReadFile(forwarding)
	if err != nil {
		return err
	}
	if _, err := os.Stat(formerForward); err != nil {
		if err := os.WriteFile(formerForward, former, 0o600); err != nil {
			return err
		}
	}
	if strings.TrimSpace(string(former)) != "1" { // writing it resets other settings (ip-sysctl.rst)
		if err := os.WriteFile(forwarding, []byte("1\n"), 0o644); err != nil {
			return err
		}
	}
	for _, r := range rules {
		if !r.there() {
			if err := r.change("-I"); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close puts back what Open changed.
func Close() error {
	for _, r := range rules {
		for r.there() {
			if err := r.change("-D"); err != nil {
				return err
			}
		}
	}
	if former, err := os.ReadFile(formerForward); err == nil && strings.TrimSpace(string(former)) != "1" {
		if err := os.WriteFile(forwarding, former, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Devices are the bridges of our networks and the links to containers in
// them. A link that its daemon does not take away may outlive the container by
// minutes, as long as the kernel sees the last of its connections off.
func Devices() []string {
	out, _ := exec.Command("ip", "-4", "-oneline", "address", "show", "to", Pool).Output()
	all := bridges(string(out))
	for _, bridge := range all {
		out, _ := exec.Command("ip", "-oneline", "link", "show", "master", bridge).Output()
		all = append(all, links(string(out))...)
	}
	return all
}

// RemoveDevices deletes those that are still there.
func RemoveDevices(names []string) error {
	for _, name := range names {
		if exec.Command("ip", "link", "show", name).Run() != nil {
			continue
		}
		out, err := exec.Command("ip", "link", "delete", name).CombinedOutput()
		if err != nil && exec.Command("ip", "link", "show", name).Run() == nil {
			return fmt.Errorf("ip link delete %s: %s", name, LastLine(string(out)))
		}
	}
	return nil
}

// bridges reads lines such as `7: br-5b35    inet 100.102.1.1/24 ...`.
func bridges(addresses string) []string {
	var names []string
	for line := range strings.Lines(addresses) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], "br-") {
			names = append(names, fields[1])
		}
	}
	return names
}

// links reads lines such as `9: veth11b6@if325: <BROADCAST,...`.
func links(table string) []string {
	var names []string
	for line := range strings.Lines(table) {
		if fields := strings.Fields(line); len(fields) > 1 {
			name, _, _ := strings.Cut(strings.TrimSuffix(fields[1], ":"), "@")
			names = append(names, name)
		}
	}
	return names
}
