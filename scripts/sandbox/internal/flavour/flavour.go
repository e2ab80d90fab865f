// Package flavour knows the two kinds of images, published and built here, and the
// containers that each is run as. It does not know how to run or to build them.
package flavour

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/build"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
)

// Flavour is all that differs between images that were pulled and images that
// were built here.
type Flavour struct {
	Bare       bool   // the node brings no storage class and no ingress class
	Kubeconfig string // where the node keeps the administrator's
	CLI        string // dagger's command line; empty: the SDK fetches its own

	engine, node, registry string // images
	engineToml             string
	nodeRun, nodeCommand   []string
	nodeFiles              map[string]string
	nodeData, nodeState    string
}

// Choose takes images that are here already; else pulls published ones where a
// registry answers within a few seconds; else builds.
func Choose(ctx context.Context, d *docker.Docker, built *build.Build) (*Flavour, error) {
	switch {
	case built.Ready(ctx, d):
		return Built(built)
	case pulled(ctx, d, built.Wanted):
		return Published(built.Images)
	case registryAnswers(ctx, d):
		built.Log.Say("pulling published images")
		if err := pull(ctx, d, built.Wanted); err != nil {
			return nil, err
		}
		return Published(built.Images)
	}
	built.Log.Say("no public registry answers: building the images from Go modules and Debian packages")
	if err := built.Make(ctx, d); err != nil {
		return nil, err
	}
	return Built(built)
}

func registryAnswers(ctx context.Context, d *docker.Docker) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := d.Run(ctx, "manifest", "inspect", publishedEngine)
	return err == nil
}

// Built is what was built here.
func Built(b *build.Build) (*Flavour, error) {
	toml, err := readImages(b.Images, "engine/engine.toml", "engine/mirror.toml")
	if err != nil {
		return nil, err
	}
	// Certificates are made once, with the volume: others need another volume.
	pki, err := readImages(b.Images, "node/pki.sh")
	return &Flavour{
		engine: b.Plan.Image("engine"), node: b.Plan.Image("node"), registry: b.Plan.Image("registry"),
		engineToml: toml,
		nodeData:   "/var", nodeState: "built-" + plan.KubernetesVersion + "-" + plan.Short(pki),
		Bare:       true,
		Kubeconfig: "/var/lib/kubernetes/admin.conf",
		CLI:        b.CLI(),
	}, err
}

// Containers is what Up makes run, the same for both flavours.
func (f *Flavour) Containers() []docker.Container {
	return []docker.Container{{
		Name: docker.Registry, Image: f.registry, Data: "/var/lib/registry", State: "distribution-v2",
		Run: []string{"--network-alias", "registry.slipway.local", "--publish", "127.0.0.1::5000"},
	}, {
		Name: docker.Node, Image: f.node, Data: f.nodeData, State: f.nodeState,
		Files: f.nodeFiles, Args: f.nodeCommand,
		Run: append([]string{"--hostname", "node", "--privileged", "--cgroupns", "private", "--tmpfs", "/run",
			"--publish", "127.0.0.1::6443", "--publish", "127.0.0.1::80"}, f.nodeRun...),
	}, {
		Name: docker.Engine, Image: f.engine, Data: "/var/lib/dagger", State: plan.DaggerVersion,
		Files: map[string]string{"/etc/dagger/engine.toml": f.engineToml},
		Run:   []string{"--hostname", "engine", "--privileged", "--cgroupns", "private"},
	}}
}

// readImages reads files below the folder images, one after the other.
func readImages(images string, names ...string) (string, error) {
	var all string
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(images, name))
		if err != nil {
			return "", fmt.Errorf("read what images are made from: %w", err)
		}
		all += string(text)
	}
	return all, nil
}
