// Package docker calls the docker command: it makes and removes containers with
// their volumes and network, and tells ours from those of another user or clone.
// It does not know what the containers are for, nor which daemon there is.
package docker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/host"
)

// Names of the three containers and of their volumes.
const (
	Engine   = "slipway-engine"
	Node     = "slipway-node"
	Registry = "slipway-registry"
)

// Network is what the three share.
const Network = "slipway"

// RegistryHost is the registry's one name, for the engine that pushes, the node
// that pulls and the host that tags.
const RegistryHost = "registry.slipway.local:5000"

// The labels that tell what is ours.
const (
	KeyLabel   = "dev.slipway.sandbox" // the key of a container, or empty
	holdLabel  = "dev.slipway.holder"  // the clone that made a container
	userLabel  = "dev.slipway.user"    // its user
	stateLabel = "dev.slipway.state"   // what wrote a volume
)

// OwnSocket is where a daemon of our own listens.
const OwnSocket = "unix://" + host.RunDir + "/docker.sock"

// Docker calls the docker command, which knows the user's contexts and sockets.
type Docker struct {
	Host string // DOCKER_HOST of a daemon of our own, empty for the user's
	Owner
}

// Own tells whether the daemon is one of our own.
func (d *Docker) Own() bool { return d.Host == OwnSocket }

// Command is a call of docker that has not begun.
func (d *Docker) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0") // the classic builder needs no plugin
	if d.Host != "" {
		cmd.Env = append(cmd.Env, "DOCKER_HOST="+d.Host)
	}
	return cmd
}

// Run returns what the command printed; an error carries its last line.
func (d *Docker) Run(ctx context.Context, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := d.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("docker %s: %s", args[0], host.LastLine(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

// Answers tells whether the daemon serves within a time.
func (d *Docker) Answers(ctx context.Context, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	_, err := d.Run(ctx, "version", "--format", "{{.Server.Version}}")
	return err == nil
}

// HasImage tells whether an image is here.
func (d *Docker) HasImage(ctx context.Context, image string) bool {
	_, err := d.Run(ctx, "image", "inspect", "--format", "{{.Id}}", image)
	return err == nil
}

// EnsureNetwork makes the network unless it is there.
func (d *Docker) EnsureNetwork(ctx context.Context) error {
	if _, err := d.Run(ctx, "network", "inspect", Network); err == nil {
		return nil
	}
	_, err := d.Run(ctx, "network", "create", "--label", KeyLabel, Network)
	return err
}
