package build

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/slipway-cd/slipway/scripts/sandbox/internal/docker"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/plan"
	"github.com/slipway-cd/slipway/scripts/sandbox/internal/ready"
)

// seedRoot is where the stand-ins lie in the registry's image, in a folder of their
// own; images/registry/entrypoint.sh tells why.
const seedRoot = "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/seed"

const seedName = "slipway-seed"

// seedRegistry pushes the stand-ins into an empty registry and keeps the result
// as the registry's image, so that no start has to push them again.
func (b *Build) seedRegistry(ctx context.Context, d *docker.Docker) error {
	return b.part("registry image", func(log io.Writer) error {
		return b.withRegistry(ctx, d, b.Plan.Image("registry-empty"), func(address string) error {
			for from, to := range map[string]string{
				"pause": "pause:3.10", "golang": "library/golang:1.26", "postgres": "library/postgres:17", "syft": "anchore/syft:" + plan.SyftVersion,
			} {
				if err := b.pushOnce(ctx, d, log, b.Plan.Image(from), address+"/"+to); err != nil {
					return err
				}
			}
			if _, err := d.Run(ctx, "stop", "--time", "5", seedName); err != nil {
				return err
			}
			_, err := d.Run(ctx, "commit", "--change", "ENV REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/var/lib/registry SEED="+b.Plan.Images["registry"],
				seedName, b.Plan.Image("registry"))
			return err
		})
	})
}

// withRegistry calls use with the address of a registry, made from an image, that
// serves the stand-ins that lie in it and goes with the call.
func (b *Build) withRegistry(ctx context.Context, d *docker.Docker, image string, use func(address string) error) error {
	if _, err := d.Run(ctx, "rm", "--force", seedName); err != nil { // a former one; none is no error
		return err
	}
	if err := d.EnsureNetwork(ctx); err != nil {
		return err
	}
	if _, err := d.Run(ctx, "run", "--detach", "--name", seedName, "--label", docker.KeyLabel, "--network", docker.Network, "--publish", "127.0.0.1::5000",
		"--env", seedRoot, "--env", "SEED=", image); err != nil {
		return err
	}
	defer d.Run(context.WithoutCancel(ctx), "rm", "--force", seedName)
	address, err := d.Run(ctx, "port", seedName, "5000")
	if err != nil {
		return err
	}
	if stuck := ready.Until(ctx, seedName, time.Minute, func(ctx context.Context) error { return ready.HTTP(ctx, "http://"+address+"/v2/", http.StatusOK) }); stuck != nil {
		return stuck
	}
	return use(address)
}

// pushOnce pushes an image and forgets it here: the registry has it then.
func (b *Build) pushOnce(ctx context.Context, d *docker.Docker, log io.Writer, image, to string) error {
	if _, err := d.Run(ctx, "tag", image, to); err != nil {
		return err
	}
	if err := logged(log, d.Command(ctx, "push", to)); err != nil {
		return err
	}
	_, err := d.Run(ctx, "rmi", to, image)
	return err
}
