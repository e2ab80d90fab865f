package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Published images, for machines that reach a public registry. The node is
// k3s: the same Kubernetes with Traefik, CoreDNS and local storage inside.
const (
	publishedEngine   = "registry.dagger.io/engine:" + daggerVersion
	publishedNode     = "rancher/k3s:" + kubernetesVersion + "-k3s1"
	publishedRegistry = "registry:3"
)

func published(ctx context.Context, s *Sandbox, d *docker) (*flavour, error) {
	group, gctx := errgroup.WithContext(ctx)
	for _, image := range []string{publishedEngine, publishedNode, publishedRegistry} {
		group.Go(func() error {
			if d.hasImage(gctx, image) {
				return nil
			}
			if _, err := d.run(gctx, "pull", "--quiet", image); err != nil {
				return fmt.Errorf("pull %s: %w", image, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return publishedFlavour(s)
}

func publishedFlavour(s *Sandbox) (*flavour, error) {
	toml, err := s.engineToml(false)
	if err != nil {
		return nil, err
	}
	return &flavour{
		key: "published-" + daggerVersion + "-" + kubernetesVersion, engine: publishedEngine, node: publishedNode, registry: publishedRegistry,
		engineToml:  toml,
		nodeRun:     []string{"--tmpfs", "/var/run", "--volume", nodeName + ":/var/lib/rancher/k3s"},
		nodeCommand: []string{"server", "--node-name", "node", "--tls-san", "127.0.0.1", "--disable", "metrics-server"},
		nodeFiles: map[string]string{"/etc/rancher/k3s/registries.yaml": fmt.Sprintf(
			"mirrors:\n  %q:\n    endpoint: [\"http://%s\"]\n", registryHost, registryHost)},
		kubeconfig:   "/etc/rancher/k3s/k3s.yaml",
		registryData: "/var/lib/registry",
	}, nil
}
