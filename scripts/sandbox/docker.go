package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The network that the three share, and the labels that tell what is ours.
const (
	network    = "slipway"
	keyLabel   = "dev.slipway.sandbox" // the key of a container, or empty
	holdLabel  = "dev.slipway.holder"  // the clone that made a container
	userLabel  = "dev.slipway.user"    // its user
	stateLabel = "dev.slipway.state"   // what wrote a volume
)

// docker calls the docker command, which knows the user's contexts and sockets.
type docker struct {
	host   string // DOCKER_HOST of a daemon of our own, empty for the user's
	holder string
	user   string
}

func (d *docker) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0") // the classic builder needs no plugin
	if d.host != "" {
		cmd.Env = append(cmd.Env, "DOCKER_HOST="+d.host)
	}
	return cmd
}

// run returns what the command printed; an error carries its last line.
func (d *docker) run(ctx context.Context, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := d.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("docker %s: %s", args[0], lastLine(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

// lastLine returns the line that tells most: some commands end with the status that
// the one before has explained.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := len(lines) - 1; last > 0 && strings.HasPrefix(lines[last], "exit status ") {
		lines = lines[:last]
	}
	return lines[len(lines)-1]
}

// answers tells whether the daemon serves within a time.
func (d *docker) answers(ctx context.Context, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := d.run(ctx, "version", "--format", "{{.Server.Version}}")
	return err == nil
}

func (d *docker) hasImage(ctx context.Context, image string) bool {
	_, err := d.run(ctx, "image", "inspect", "--format", "{{.Id}}", image)
	return err == nil
}

func (d *docker) ensureNetwork(ctx context.Context) error {
	if _, err := d.run(ctx, "network", "inspect", network); err == nil {
		return nil
	}
	_, err := d.run(ctx, "network", "create", "--label", keyLabel, network)
	return err
}

// inspected is the part of docker inspect that tells what a container is made
// from, whether it runs and where it listens.
type inspected struct {
	Id     string
	Name   string
	Config struct {
		Image  string
		Labels map[string]string
	}
	State struct {
		Status    string
		StartedAt time.Time
	}
	NetworkSettings struct {
		Ports    map[string][]struct{ HostIp, HostPort string }
		Networks map[string]struct{ IPAddress string }
	}
}

func (i inspected) running() bool { return i.State.Status == "running" }

// port returns where a port of the container is published on this host.
func (i inspected) port(inside string) (string, error) {
	bound := i.NetworkSettings.Ports[inside+"/tcp"]
	if len(bound) == 0 {
		return "", fmt.Errorf("%s does not publish port %s", strings.TrimPrefix(i.Name, "/"), inside)
	}
	return bound[0].HostIp + ":" + bound[0].HostPort, nil
}

// inspect returns our containers by name, those that stand still too.
func (d *docker) inspect(ctx context.Context) (map[string]inspected, error) {
	ids, err := d.run(ctx, "ps", "--all", "--quiet", "--filter", "label="+keyLabel)
	if err != nil || ids == "" {
		return nil, err
	}
	out, err := d.run(ctx, append([]string{"inspect", "--type", "container"}, strings.Fields(ids)...)...)
	if err != nil {
		return nil, err
	}
	var list []inspected
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("read docker inspect: %w", err)
	}
	byName := map[string]inspected{}
	for _, i := range list {
		byName[strings.TrimPrefix(i.Name, "/")] = i
	}
	return byName, nil
}

// removeContainer deletes one that was found; with it goes what its shim leaves
// where that was killed.
func (d *docker) removeContainer(ctx context.Context, found inspected) error {
	if found.Id == "" {
		return nil
	}
	if _, err := d.run(ctx, "rm", "--force", "--volumes", found.Id); err != nil {
		return err
	}
	if d.host == ownSocket {
		_ = os.Remove(shimSocket(found.Id))
	}
	return nil
}

// remove deletes the containers and the network, with state the volumes too,
// and nothing that is not ours.
func (d *docker) remove(ctx context.Context, state bool) error {
	found, err := d.inspect(ctx)
	if err != nil {
		return err
	}
	for _, one := range found {
		if err := d.removeContainer(ctx, one); err != nil {
			return err
		}
	}
	if _, err := d.run(ctx, "network", "inspect", network); err == nil {
		if _, err := d.run(ctx, "network", "rm", network); err != nil {
			return err
		}
	}
	if !state {
		return nil
	}
	for _, volume := range []string{engineName, nodeName, registryName} {
		if _, err := d.run(ctx, "volume", "rm", "--force", volume); err != nil {
			return err
		}
	}
	return nil
}
