package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A daemon of our own lives here; nothing else on the machine uses the folder.
const (
	runDir    = "/run/slipway"
	ownSocket = "unix://" + runDir + "/docker.sock"
	pidFile   = runDir + "/docker.pid"
)

func (s *Sandbox) dataRoot() string      { return filepath.Join(s.cache, "docker") }
func (s *Sandbox) ownDockerExists() bool { _, err := os.Stat(s.dataRoot()); return err == nil }

func (s *Sandbox) ownDocker() *docker {
	return &docker{host: ownSocket, holder: s.holder, user: s.user}
}

func hasOwn(all []*docker) bool {
	return slices.ContainsFunc(all, func(d *docker) bool { return d.host == ownSocket })
}

// answering returns every Docker that a sandbox may be in: first the daemon of
// our own, which only runs because there was no other and goes with `down`,
// then the user's.
func (s *Sandbox) answering(ctx context.Context) []*docker {
	if _, err := exec.LookPath("docker"); err != nil {
		return nil
	}
	var all []*docker
	// A daemon that lives is given time: to take it for dead is to kill it.
	if own := s.ownDocker(); ownDaemon() != 0 && own.answers(ctx, 30*time.Second) {
		all = append(all, own)
	}
	users := &docker{holder: s.holder, user: s.user}
	if os.Getenv("DOCKER_HOST") != ownSocket && users.answers(ctx, 5*time.Second) {
		all = append(all, users)
	}
	return all
}

// docker returns a Docker that answers, and starts one of our own where there
// is none and we may.
func (s *Sandbox) docker(ctx context.Context) (*docker, error) {
	all := s.answering(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(all) > 0 && all[0].host != ownSocket {
		return all[0], nil
	}
	if len(all) == 0 {
		if !mayInstall() {
			return nil, errors.New("no Docker answers: start Docker (Docker Desktop, colima, `systemctl start docker`) and run this again")
		}
		for _, needed := range [][2]string{{"dockerd", "docker.io"}, {"docker", "docker-cli"}, {"iptables", "iptables"}, {"ip", "iproute2"}} {
			if err := s.install(ctx, needed[0], needed[1]); err != nil {
				return nil, err
			}
		}
		if err := s.startOwnDocker(ctx); err != nil {
			return nil, err
		}
	}
	return s.ownDocker(), openHost() // also when someone has flushed the firewall meanwhile
}

// startOwnDocker runs dockerd with a socket, data, pid file and control group of
// its own. It touches no firewall rule: ports are published by its proxy, and
// what containers need to reach the outside is ours to add and to remove.
func (s *Sandbox) startOwnDocker(ctx context.Context) error {
	// What a killed daemon left lives on (containers, their mounts) and would
	// stand beside what is started now, on the same volumes.
	if err := s.stopOwnDocker(ctx, ownDevices()); err != nil {
		return err
	}
	args, err := s.daemonArgs(hasCapSysResource())
	if err != nil {
		return err
	}
	procs, err := daemonCgroup()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.cache, "logs", "dockerd.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.log.Say("starting a Docker daemon of our own")
	// Through a shell, so that it is in its control group before it starts others.
	cmd := exec.Command("sh", append([]string{"-c", `echo $$ >"$0" && exec dockerd "$@"`, procs}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives this command
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for !s.ownDocker().answers(ctx, 5*time.Second) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("dockerd ended: %s (all of it: %s)", lastLine(string(text)), log.Name())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

func (s *Sandbox) daemonArgs(capSysResource bool) ([]string, error) {
	if err := os.MkdirAll(runDir, 0o711); err != nil {
		return nil, err
	}
	args := []string{"--data-root", s.dataRoot(), "--exec-root", runDir + "/exec", "--host", ownSocket, "--pidfile", pidFile,
		"--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", "/" + cgroupName,
		"--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false",
		"--default-address-pool", "base=" + ownPool + ",size=24"}
	if capSysResource {
		return args, nil
	}
	script, err := os.ReadFile(filepath.Join(filepath.Dir(s.images), "runc-without-cap-sys-resource"))
	if err != nil {
		return nil, err
	}
	runtime := filepath.Join(s.cache, "runc") // where it stays when this clone goes
	return append(args, "--add-runtime", "slipway="+runtime, "--default-runtime", "slipway"), os.WriteFile(runtime, script, 0o755)
}

// stopOwnDocker ends the daemon of our own, if any, and takes away what it and
// we have left on the host, also after either was killed: devices are those
// that ownDevices found while the containers ran.
func (s *Sandbox) stopOwnDocker(ctx context.Context, devices []string) error {
	if _, err := os.Stat(runDir); err != nil && !s.ownDockerExists() {
		return nil
	}
	if err := stopDaemon(ctx); err != nil {
		return err
	}
	if err := unmountAll(runDir, s.dataRoot()); err != nil {
		return err
	}
	if err := errors.Join(closeHost(), removeDevices(devices)); err != nil {
		return err
	}
	if err := removeCgroups(ctx); err != nil {
		return err
	}
	removeSockets()
	return os.RemoveAll(runDir)
}

// ownDaemon returns the process that runs our daemon, or 0: a pid file outlives
// its process, and its number may be another's by then.
func ownDaemon() int {
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
