package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A daemon of our own lives here; nothing else on the machine uses the folder.
const (
	runDir    = "/run/slipway"
	ownSocket = "unix:///run/slipway/docker.sock"
	pidFile   = "/run/slipway/docker.pid"
)

func (s *Sandbox) dataRoot() string      { return filepath.Join(s.cache, "docker") }
func (s *Sandbox) ownDockerExists() bool { _, err := os.Stat(s.dataRoot()); return err == nil }

// findDocker returns a Docker that answers: the user's, else one of our own,
// else nil.
func (s *Sandbox) findDocker(ctx context.Context) (*docker, error) {
	if _, err := exec.LookPath("docker"); err != nil {
		return nil, nil
	}
	for _, host := range []string{"", ownSocket} {
		d := &docker{host: host, holder: s.holder}
		if s.answers(ctx, d) {
			return d, nil
		}
	}
	return nil, ctx.Err()
}

func (s *Sandbox) answers(ctx context.Context, d *docker) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := d.run(ctx, "version", "--format", "{{.Server.Version}}")
	return err == nil
}

// docker returns a Docker that answers, and starts one of our own where there
// is none and we may.
func (s *Sandbox) docker(ctx context.Context) (*docker, error) {
	if d, err := s.findDocker(ctx); d != nil || err != nil {
		return d, err
	}
	if os.Geteuid() != 0 || !isDebian() {
		return nil, errors.New("no Docker answers: start Docker (Docker Desktop, colima, `systemctl start docker`) and run this again")
	}
	if err := s.install(ctx, "dockerd", "docker.io"); err != nil {
		return nil, err
	}
	if err := s.startOwnDocker(ctx); err != nil {
		return nil, err
	}
	return &docker{host: ownSocket, holder: s.holder}, nil
}

func isDebian() bool { _, err := os.Stat("/etc/debian_version"); return err == nil }

// install gets Debian packages unless the program is there.
func (s *Sandbox) install(ctx context.Context, program string, packages ...string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	s.log.Say("installing %s", strings.Join(packages, " "))
	for _, args := range [][]string{{"update"}, append([]string{"install", "--yes", "--no-install-recommends"}, packages...)} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		// Debian would start the daemon; ours runs with its own socket and data.
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %s", args[0], lastLine(string(out)))
		}
	}
	return nil
}

// startOwnDocker runs dockerd with a socket, data and pid file of its own. It
// touches no firewall rule: ports are published by its proxy, and the one rule
// that containers need to reach the outside is ours to add and to remove.
func (s *Sandbox) startOwnDocker(ctx context.Context) error {
	if err := os.MkdirAll(runDir, 0o711); err != nil {
		return err
	}
	args := []string{"--data-root", s.dataRoot(), "--exec-root", runDir + "/exec", "--host", ownSocket, "--pidfile", pidFile,
		"--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false",
		"--default-address-pool", "base=" + ownPool + ",size=24"}
	if !hasCapSysResource() {
		runtime, err := s.installRuntime()
		if err != nil {
			return err
		}
		args = append(args, "--add-runtime", "slipway="+runtime, "--default-runtime", "slipway")
	}
	log, err := os.Create(filepath.Join(s.cache, "logs", "dockerd.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.log.Say("starting a Docker daemon of our own")
	cmd := exec.Command("dockerd", args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives this command
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	d := &docker{host: ownSocket}
	for !s.answers(ctx, d) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("dockerd ended: %s (all of it: %s)", lastLine(string(text)), log.Name())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return openHost()
}

// hasCapSysResource tells whether processes here may have CAP_SYS_RESOURCE
// (bit 24, capabilities(7)).
func hasCapSysResource() bool {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			bits, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			return err == nil && bits&(1<<24) != 0
		}
	}
	return true
}

// installRuntime puts the wrapper of runc where it stays when this clone goes.
func (s *Sandbox) installRuntime() (string, error) {
	script, err := os.ReadFile(filepath.Join(filepath.Dir(s.images), "runc-without-cap-sys-resource"))
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.cache, "runc")
	return path, os.WriteFile(path, script, 0o755)
}

// stopOwnDocker ends the daemon of our own, if any, and takes away what it and
// we have left on the host, also after either was killed.
func (s *Sandbox) stopOwnDocker(ctx context.Context) error {
	if _, err := os.Stat(runDir); err != nil {
		return nil
	}
	if err := terminate(ctx, ownProcesses()); err != nil {
		return err
	}
	if err := unmountBelow(runDir, s.dataRoot()); err != nil {
		return err
	}
	if err := closeHost(); err != nil {
		return err
	}
	return os.RemoveAll(runDir)
}

// ownProcesses finds the daemon and what it started (containerd, shims, port
// proxies) by the folder that their command lines name.
func ownProcesses() []int {
	entries, _ := os.ReadDir("/proc")
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		line, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		args := strings.Split(string(line), "\x00")
		name := filepath.Base(args[0])
		if strings.Contains(string(line), runDir+"/") && (name == "dockerd" || strings.HasPrefix(name, "containerd") || strings.HasPrefix(name, "runc")) {
			found = append(found, pid)
		}
	}
	return found
}

// terminate asks processes to end and, after ten seconds, makes them.
func terminate(ctx context.Context, pids []int) error {
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGTERM)
	}
	deadline := time.Now().Add(10 * time.Second)
	for len(alive(pids)) > 0 {
		if time.Now().After(deadline) {
			for _, pid := range alive(pids) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

func alive(pids []int) []int {
	var left []int
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil && !strings.Contains(string(stat), ") Z ") {
			left = append(left, pid)
		}
	}
	return left
}
