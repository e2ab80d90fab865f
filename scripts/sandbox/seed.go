package main

import (
	"context"
	"io"
	"net/http"
	"time"
)

// seedRegistry pushes the stand-ins into an empty registry and keeps the result
// as the registry's image, so that no start has to push them again. They lie in
// a folder of their own there; images/registry/entrypoint.sh tells why.
func (b *build) seedRegistry(ctx context.Context, d *docker) error {
	return b.part("registry image", func(log io.Writer) error {
		const name = "slipway-seed"
		if _, err := d.run(ctx, "rm", "--force", name); err != nil { // a former one; none is no error
			return err
		}
		if err := d.ensureNetwork(ctx); err != nil {
			return err
		}
		const root = "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="
		if _, err := d.run(ctx, "run", "--detach", "--name", name, "--label", keyLabel, "--network", network, "--publish", "127.0.0.1::5000",
			"--env", root+"/seed", b.plan.image("registry-empty")); err != nil {
			return err
		}
		defer d.run(context.WithoutCancel(ctx), "rm", "--force", name)
		address, err := d.run(ctx, "port", name, "5000")
		if err != nil {
			return err
		}
		if stuck := until(ctx, name, time.Minute, func(ctx context.Context) error { return askHTTP(ctx, "http://"+address+"/v2/", http.StatusOK) }); stuck != nil {
			return stuck
		}
		for from, to := range map[string]string{"pause": "pause:3.10", "golang": "library/golang:1.26", "postgres": "library/postgres:17"} {
			if err := b.pushOnce(ctx, d, log, b.plan.image(from), address+"/"+to); err != nil {
				return err
			}
		}
		if _, err := d.run(ctx, "stop", "--time", "5", name); err != nil {
			return err
		}
		_, err = d.run(ctx, "commit", "--change", "ENV "+root+"/var/lib/registry SEED="+b.plan.images["registry"], name, b.plan.image("registry"))
		return err
	})
}

// pushOnce pushes an image and forgets it here: the registry has it then.
func (b *build) pushOnce(ctx context.Context, d *docker, log io.Writer, image, to string) error {
	if _, err := d.run(ctx, "tag", image, to); err != nil {
		return err
	}
	if err := logged(log, d.command(ctx, "push", to)); err != nil {
		return err
	}
	_, err := d.run(ctx, "rmi", to, image)
	return err
}
