package flavour

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
)

// Published images, for machines that reach a public registry. The node is
// k3s: the same Kubernetes with Traefik, CoreDNS and local storage inside.
const (
	publishedEngine   = "registry.dagger.io/engine:" + plan.DaggerVersion
	publishedNode     = "rancher/k3s:" + plan.KubernetesVersion + "-k3s1"
	publishedRegistry = "registry:3"
)

var publishedImages = map[string]string{"engine": publishedEngine, "node": publishedNode, "registry": publishedRegistry}

// pulled tells whether all that runs was pulled before; a laptop may be offline.
func pulled(ctx context.Context, d *docker.Docker, wanted []string) bool {
	for _, name := range wanted {
		if !d.HasImage(ctx, publishedImages[name]) {
			return false
		}
	}
	return true
}

func pull(ctx context.Context, d *docker.Docker, wanted []string) error {
	group, gctx := errgroup.WithContext(ctx)
	for _, name := range wanted {
		image := publishedImages[name]
		group.Go(func() error {
			if d.HasImage(gctx, image) {
				return nil
			}
			if _, err := d.Run(gctx, "pull", "--quiet", image); err != nil {
				return fmt.Errorf("pull %s: %w", image, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// Published is what can be pulled.
func Published(images string) (*Flavour, error) {
	toml, err := readImages(images, "engine/engine.toml")
	return &Flavour{
		engine: publishedEngine, node: publishedNode, registry: publishedRegistry,
		engineToml:  toml,
		nodeRun:     []string{"--tmpfs", "/var/run"},
		nodeCommand: []string{"server", "--node-name", "node", "--tls-san", "127.0.0.1", "--disable", "metrics-server"},
		nodeFiles: map[string]string{
			"/etc/rancher/k3s/registries.yaml": fmt.Sprintf("mirrors:\n  %q:\n    endpoint: [\"http://%s\"]\n", docker.RegistryHost, docker.RegistryHost),
			// k3s makes one and has the cluster remember it: a new container on
			// the former volume would be refused as an impostor of the node. It
			// opens nothing without the cluster's token, which the volume holds.
			"/etc/rancher/node/password": "slipway-sandbox\n",
		},
		nodeData: "/var/lib/rancher/k3s", nodeState: "k3s-" + plan.KubernetesVersion,
		Kubeconfig: "/etc/rancher/k3s/k3s.yaml",
	}, err
}
