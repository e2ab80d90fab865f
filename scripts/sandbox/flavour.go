package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Names of the containers and of their volumes.
const (
	engineName   = "slipway-engine"
	nodeName     = "slipway-node"
	registryName = "slipway-registry"
)

// Versions of what runs; the go.mod files below images name the same.
const (
	daggerVersion     = "v0.21.8"
	kubernetesVersion = "v1.36.3"
)

// registryHost is the registry's one name, for the engine that pushes, the node
// that pulls and the host that tags.
const registryHost = "registry.slipway.local:5000"

// flavour is all that differs between images that were pulled and images that
// were built here.
type flavour struct {
	engine, node, registry string // images
	engineToml             string
	nodeRun, nodeCommand   []string
	nodeFiles              map[string]string
	nodeData, nodeState    string
	bare                   bool   // the node brings no storage class and no ingress class
	kubeconfig             string // where the node keeps the administrator's
	cli                    string // dagger's command line; empty: the SDK fetches its own
}

// flavour takes images that are here already; else pulls published ones where a
// registry answers within a few seconds; else builds.
func (s *Sandbox) flavour(ctx context.Context, d *docker) (*flavour, error) {
	built, err := s.newBuild()
	if err != nil {
		return nil, err
	}
	switch {
	case built.ready(ctx, d):
		return s.builtFlavour(built)
	case s.pulled(ctx, d):
		return s.publishedFlavour()
	case registryAnswers(ctx, d):
		s.log.Say("pulling published images")
		if err := s.pull(ctx, d); err != nil {
			return nil, err
		}
		return s.publishedFlavour()
	}
	s.log.Say("no public registry answers: building the images from Go modules and Debian packages")
	if err := built.build(ctx, d); err != nil {
		return nil, err
	}
	return s.builtFlavour(built)
}

func registryAnswers(ctx context.Context, d *docker) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := d.run(ctx, "manifest", "inspect", publishedEngine)
	return err == nil
}

func (s *Sandbox) builtFlavour(b *build) (*flavour, error) {
	toml, err := s.readImages("engine/engine.toml", "engine/mirror.toml")
	if err != nil {
		return nil, err
	}
	// Certificates are made once, with the volume: others need another volume.
	pki, err := s.readImages("node/pki.sh")
	return &flavour{
		engine: b.plan.image("engine"), node: b.plan.image("node"), registry: b.plan.image("registry"),
		engineToml: toml,
		nodeData:   "/var", nodeState: "built-" + kubernetesVersion + "-" + short(pki),
		bare:       true,
		kubeconfig: "/var/lib/kubernetes/admin.conf",
		cli:        b.cli(),
	}, err
}

// containers is what Up makes run, the same for both flavours.
func (f *flavour) containers() []container {
	return []container{{
		name: registryName, image: f.registry, data: "/var/lib/registry", state: "distribution-v2",
		run: []string{"--network-alias", "registry.slipway.local", "--publish", "127.0.0.1::5000"},
	}, {
		name: nodeName, image: f.node, data: f.nodeData, state: f.nodeState,
		files: f.nodeFiles, command: f.nodeCommand,
		run: append([]string{"--hostname", "node", "--privileged", "--cgroupns", "private", "--tmpfs", "/run",
			"--publish", "127.0.0.1::6443", "--publish", "127.0.0.1::80"}, f.nodeRun...),
	}, {
		name: engineName, image: f.engine, data: "/var/lib/dagger", state: daggerVersion,
		files: map[string]string{"/etc/dagger/engine.toml": f.engineToml},
		run:   []string{"--hostname", "engine", "--privileged", "--cgroupns", "private"},
	}}
}

// readImages reads files below images, one after the other.
func (s *Sandbox) readImages(names ...string) (string, error) {
	var all string
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(s.images, name))
		if err != nil {
			return "", fmt.Errorf("read what images are made from: %w", err)
		}
		all += string(text)
	}
	return all, nil
}
