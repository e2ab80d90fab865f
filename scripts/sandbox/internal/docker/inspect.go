package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
)

// Inspected is the part of docker inspect that tells what a container is made
// from, whether it runs and where it listens.
type Inspected struct {
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

// Running tells whether the container does.
func (i Inspected) Running() bool { return i.State.Status == "running" }

// Port returns where a port of the container is published on this host.
func (i Inspected) Port(inside string) (string, error) {
	bound := i.NetworkSettings.Ports[inside+"/tcp"]
	if len(bound) == 0 {
		return "", fmt.Errorf("%s does not publish port %s", strings.TrimPrefix(i.Name, "/"), inside)
	}
	return bound[0].HostIp + ":" + bound[0].HostPort, nil
}

// Inspect returns our containers by name, those that stand still too.
func (d *Docker) Inspect(ctx context.Context) (map[string]Inspected, error) {
	ids, err := d.Run(ctx, "ps", "--all", "--quiet", "--filter", "label="+KeyLabel)
	if err != nil || ids == "" {
		return nil, err
	}
	out, err := d.Run(ctx, append([]string{"inspect", "--type", "container"}, strings.Fields(ids)...)...)
	if err != nil {
		return nil, err
	}
	var list []Inspected
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("read docker inspect: %w", err)
	}
	byName := map[string]Inspected{}
	for _, i := range list {
		byName[strings.TrimPrefix(i.Name, "/")] = i
	}
	return byName, nil
}

// RemoveContainer deletes one that was found; with it goes what its shim leaves
// where that was killed.
func (d *Docker) RemoveContainer(ctx context.Context, found Inspected) error {
	if found.Id == "" {
		return nil
	}
	if _, err := d.Run(ctx, "rm", "--force", "--volumes", found.Id); err != nil {
		return err
	}
	if d.Own() {
		_ = os.Remove(ShimSocket(found.Id))
	}
	return nil
}

// Remove deletes the containers and the network, with state the volumes too,
// and nothing that is not ours.
func (d *Docker) Remove(ctx context.Context, state bool) error {
	found, err := d.Inspect(ctx)
	if err != nil {
		return err
	}
	for _, one := range found {
		if err := d.RemoveContainer(ctx, one); err != nil {
			return err
		}
	}
	if _, err := d.Run(ctx, "network", "inspect", Network); err == nil {
		if _, err := d.Run(ctx, "network", "rm", Network); err != nil {
			return err
		}
	}
	if !state {
		return nil
	}
	for _, volume := range []string{Engine, Node, Registry} {
		if _, err := d.Run(ctx, "volume", "rm", "--force", volume); err != nil {
			return err
		}
	}
	return nil
}

// ShimSocket is where containerd has the shim of a container listen
// (SocketAddress in its pkg/shim).
func ShimSocket(container string) string {
	name := sha256.Sum256([]byte(host.RunDir + "/exec/containerd/containerd.sock/moby/" + container))
	return "/run/containerd/s/" + hex.EncodeToString(name[:])
}
