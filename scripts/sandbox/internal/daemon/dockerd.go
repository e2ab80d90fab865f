// Package daemon finds a Docker daemon that answers, and where there is none runs
// one of our own, which leaves nothing on the machine once it has ended. It does
// not know what runs in it.
package daemon

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/progress"
)

const pidFile = host.RunDir + "/docker.pid"

// runc is the script that stands before it where CAP_SYS_RESOURCE is withheld.
//
//go:embed runc-without-cap-sys-resource
var runc []byte

// Daemon is the one of our own, whether it runs or not.
type Daemon struct {
	Cache string // its data and its log lie there
	Owner docker.Owner
	Log   *progress.Log
}

func (d *Daemon) dataRoot() string { return filepath.Join(d.Cache, "docker") }

// Exists tells whether it has data.
func (d *Daemon) Exists() bool { _, err := os.Stat(d.dataRoot()); return err == nil }

// Docker calls it.
func (d *Daemon) Docker() *docker.Docker {
	return &docker.Docker{Host: docker.OwnSocket, Owner: d.Owner}
}

// Answering returns every Docker that a sandbox may be in: first the daemon of
// our own, which only runs because there was no other and goes with `down`,
// then the user's.
func (d *Daemon) Answering(ctx context.Context) []*docker.Docker {
	if _, err := exec.LookPath("docker"); err != nil {
		return nil
	}
	var all []*docker.Docker
	// A daemon that lives is given time: to take it for dead is to kill it.
	if own := d.Docker(); Process() != 0 && own.Answers(ctx, 30*time.Second) {
		all = append(all, own)
	}
	users := &docker.Docker{Owner: d.Owner}
	if os.Getenv("DOCKER_HOST") != docker.OwnSocket && users.Answers(ctx, 5*time.Second) {
		all = append(all, users)
	}
	return all
}

// Find returns a Docker that answers, and starts one of our own where there
// is none and we may.
func (d *Daemon) Find(ctx context.Context) (*docker.Docker, error) {
	all := d.Answering(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(all) > 0 && !all[0].Own() {
		return all[0], nil
	}
	if len(all) == 0 {
		if !host.MayInstall() {
			return nil, errors.New("no Docker answers: start Docker (Docker Desktop, colima, `systemctl start docker`) and run this again")
		}
		for _, needed := range [][2]string{{"dockerd", "docker.io"}, {"docker", "docker-cli"}, {"iptables", "iptables"}, {"ip", "iproute2"}} {
			if err := host.Install(ctx, d.Log, needed[0], needed[1]); err != nil {
				return nil, err
			}
		}
		if err := d.Start(ctx); err != nil {
			return nil, err
		}
	}
	return d.Docker(), host.Open() // also when someone has flushed the firewall meanwhile
}

// Start runs dockerd with a socket, data, pid file and control group of
// its own. It touches no firewall rule: ports are published by its proxy, and
// what containers need to reach the outside is ours to add and to remove.
func (d *Daemon) Start(ctx context.Context) error {
	// What a killed daemon left lives on (containers, their mounts) and would
	// stand beside what is started now, on the same volumes.
	if err := d.Stop(ctx, host.Devices()); err != nil {
		return err
	}
	args, err := d.daemonArgs(host.HasCapSysResource())
	if err != nil {
		return err
	}
	procs, err := host.DaemonCgroup()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(d.Cache, "logs", "dockerd.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	d.Log.Say("starting a Docker daemon of our own")
	// Through a shell, so that it is in its control group before it starts others.
	cmd := exec.Command("sh", append([]string{"-c", `echo $$ >"$0" && exec dockerd "$@"`, procs}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives this command
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for !d.Docker().Answers(ctx, 5*time.Second) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("dockerd ended: %s (all of it: %s)", host.LastLine(string(text)), log.Name())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

func (d *Daemon) daemonArgs(capSysResource bool) ([]string, error) {
	if err := os.MkdirAll(host.RunDir, 0o711); err != nil {
		return nil, err
	}
	args := []string{"--data-root", d.dataRoot(), "--exec-root", host.RunDir + "/exec", "--host", docker.OwnSocket, "--pidfile", pidFile,
		"--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", "/" + host.Cgroup,
		"--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false",
		"--default-address-pool", "base=" + host.Pool + ",size=24"}
	if capSysResource {
		return args, nil
	}
	runtime := filepath.Join(d.Cache, "runc") // where it stays when this clone goes
	return append(args, "--add-runtime", "slipway="+runtime, "--default-runtime", "slipway"), os.WriteFile(runtime, runc, 0o755)
}

// Stop ends the daemon of our own, if any, and takes away what it and
// we have left on the host, also after either was killed: devices are those
// that host.Devices found while the containers ran.
func (d *Daemon) Stop(ctx context.Context, devices []string) error {
	if _, err := os.Stat(host.RunDir); err != nil && !d.Exists() {
		return nil
	}
	if err := stopDaemon(ctx); err != nil {
		return err
	}
	if err := host.UnmountAll(host.RunDir, d.dataRoot()); err != nil {
		return err
	}
	if err := errors.Join(host.Close(), host.RemoveDevices(devices)); err != nil {
		return err
	}
	if err := host.RemoveCgroups(ctx); err != nil {
		return err
	}
	removeSockets()
	return os.RemoveAll(host.RunDir)
}
