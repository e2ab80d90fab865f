package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const (
	network   = "slipway"
	keyLabel  = "dev.slipway.sandbox"
	holdLabel = "dev.slipway.holder"
)

// docker calls the docker command, which knows the user's contexts and sockets.
type docker struct {
	host   string // DOCKER_HOST of a daemon of our own, empty for the user's
	holder string
}

// container is what is wanted of one of the three.
type container struct {
	name, image, key string
	run              []string          // options of docker create, before the image
	command          []string          // after the image
	files            map[string]string // path in the container to content, put there before the start
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

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
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

// labels returns the images' key and the holder that a container was made with.
func (d *docker) labels(ctx context.Context, name string) (key, holder string) {
	out, err := d.run(ctx, "inspect", "--type", "container", "--format",
		fmt.Sprintf("{{index .Config.Labels %q}}|{{index .Config.Labels %q}}", keyLabel, holdLabel), name)
	if err != nil {
		return "", ""
	}
	key, holder, _ = strings.Cut(out, "|")
	return key, holder
}

// ensureContainer makes and starts it unless it runs.
func (d *docker) ensureContainer(ctx context.Context, c container) error {
	state, err := d.run(ctx, "inspect", "--type", "container", "--format", "{{.State.Status}}", c.name)
	switch {
	case err != nil: // not there
		if err := d.create(ctx, c); err != nil {
			return err
		}
	case state == "running":
		return nil
	case state != "created" && state != "exited": // dead, removing, paused: nothing to build on
		if _, err := d.run(ctx, "rm", "--force", c.name); err != nil {
			return err
		}
		if err := d.create(ctx, c); err != nil {
			return err
		}
	}
	_, err = d.run(ctx, "start", c.name)
	return err
}

func (d *docker) create(ctx context.Context, c container) error {
	args := []string{"create", "--name", c.name, "--network", network,
		"--label", keyLabel + "=" + c.key, "--label", holdLabel + "=" + d.holder}
	args = append(append(append(args, c.run...), c.image), c.command...)
	if _, err := d.run(ctx, args...); err != nil {
		return err
	}
	for path, content := range c.files {
		if err := d.copyIn(ctx, c.name, path, content); err != nil {
			return err
		}
	}
	return nil
}

// copyIn puts a small file into a container that need not run, on any host,
// and makes the folders above it.
func (d *docker) copyIn(ctx context.Context, name, path, content string) error {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i := 1; i < len(parts); i++ {
		folder := strings.Join(parts[:i], "/") + "/"
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755}); err != nil {
			return err
		}
	}
	if err := w.WriteHeader(&tar.Header{Name: strings.Join(parts, "/"), Mode: 0o644, Size: int64(len(content))}); err != nil {
		return err
	}
	if _, err := w.Write([]byte(content)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	cmd := d.command(ctx, "cp", "-", name+":/")
	cmd.Stdin = &archive
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("docker cp: %s", lastLine(string(out)))
	}
	return nil
}

// inspected is the part of docker inspect that tells where a container is.
type inspected struct {
	Name            string
	State           struct{ Running bool }
	NetworkSettings struct {
		Ports    map[string][]struct{ HostIp, HostPort string }
		Networks map[string]struct{ IPAddress string }
	}
}

func (d *docker) inspect(ctx context.Context, names ...string) (map[string]inspected, error) {
	out, err := d.run(ctx, append([]string{"inspect", "--type", "container"}, names...)...)
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

// remove deletes the containers and the network, with state the volumes too,
// and nothing that is not ours.
func (d *docker) remove(ctx context.Context, state bool) error {
	ids, err := d.run(ctx, "ps", "--all", "--quiet", "--filter", "label="+keyLabel)
	if err != nil {
		return err
	}
	if ids != "" {
		if _, err := d.run(ctx, append([]string{"rm", "--force", "--volumes"}, strings.Fields(ids)...)...); err != nil {
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
