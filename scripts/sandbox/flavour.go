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
	key                    string // changes when the images do
	engine, node, registry string // images
	engineToml             string
	nodeRun, nodeCommand   []string
	nodeFiles              map[string]string
	kubeconfig             string // where the node keeps the administrator's
	registryData           string
	cli                    string // dagger's command line; empty: the SDK fetches its own
}

// flavour takes images that were built here before; else pulls published ones
// where a registry answers within a few seconds; else builds.
func (s *Sandbox) flavour(ctx context.Context, d *docker) (*flavour, error) {
	built, err := s.planBuild()
	if err != nil {
		return nil, err
	}
	if built.ready(ctx, d) {
		return built.flavour()
	}
	if registryAnswers(ctx, d) {
		s.log.Say("pulling published images")
		return published(ctx, s, d)
	}
	s.log.Say("no public registry answers: building the images from Go modules and Debian packages")
	if err := built.build(ctx, d); err != nil {
		return nil, err
	}
	return built.flavour()
}

func registryAnswers(ctx context.Context, d *docker) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := d.run(ctx, "manifest", "inspect", publishedEngine)
	return err == nil
}

// containers is what Up makes run, the same for both flavours.
func (f *flavour) containers() []container {
	return []container{{
		name: registryName, image: f.registry, key: f.key,
		run: []string{"--network-alias", "registry.slipway.local", "--publish", "127.0.0.1::5000", "--volume", registryName + ":" + f.registryData},
	}, {
		name: nodeName, image: f.node, key: f.key, files: f.nodeFiles, command: f.nodeCommand,
		run: append([]string{"--hostname", "node", "--privileged", "--cgroupns", "private", "--tmpfs", "/run",
			"--publish", "127.0.0.1::6443", "--publish", "127.0.0.1::80"}, f.nodeRun...),
	}, {
		name: engineName, image: f.engine, key: f.key, files: map[string]string{"/etc/dagger/engine.toml": f.engineToml},
		run: []string{"--hostname", "engine", "--privileged", "--cgroupns", "private", "--volume", engineName + ":/var/lib/dagger"},
	}}
}

// engineToml reads the engine's configuration; the mirror part is for images
// that stand in for public ones.
func (s *Sandbox) engineToml(mirror bool) (string, error) {
	text, err := os.ReadFile(filepath.Join(s.images, "engine", "engine.toml"))
	if err != nil || !mirror {
		return string(text), err
	}
	more, err := os.ReadFile(filepath.Join(s.images, "engine", "mirror.toml"))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s%s", text, more), nil
}
