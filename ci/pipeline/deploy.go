package pipeline

import (
	"context"
	"fmt"

	"github.com/slipway-cd/slipway/ci/cluster"
)

// leaseName is the lock of production: one run at a time changes it.
const leaseName = "slipway-production"

// Deploy puts the tested digest into production and waits until it is really out.
func (r *Run) Deploy(ctx context.Context) error {
	objects, err := r.renderProduction(r.digest)
	if err != nil {
		return err
	}
	if err := r.lockProduction(ctx, "deploy"); err != nil {
		return err
	}
	if err := r.remember(ctx); err != nil {
		return err
	}
	r.production = objects
	r.note("deploy", "apply")
	r.changes, err = r.env.Cluster.Apply(ctx, objects, cluster.ApplyOptions{})
	r.record(r.changes)
	if err != nil {
		return err
	}
	if err := r.env.Cluster.Wait(ctx, objects, func(object, state string) { r.note("deploy", object+": "+state) }); err != nil {
		return err
	}
	r.detail = fmt.Sprintf("%d of %d objects changed", len(written(r.changes)), len(objects))
	return nil
}

func (r *Run) lockProduction(ctx context.Context, stage string) (err error) {
	holder := r.opts.Run + " (" + r.opts.Version + ")"
	r.lease, err = r.env.Cluster.Lock(ctx, r.opts.Namespace, leaseName, holder, func(other string) {
		r.note(stage, "waiting for run "+other+", which changes production")
	})
	return err
}

// remember finds the release to go back to.
func (r *Run) remember(ctx context.Context) error {
	releases, err := r.env.Cluster.Releases(ctx, r.opts.Namespace)
	if err == nil && len(releases) > 0 {
		r.former = &releases[0]
	}
	return err
}

// written are the changes that wrote something.
func written(changes []cluster.Change) []cluster.Change {
	var out []cluster.Change
	for _, c := range changes {
		if c.Action != cluster.Unchanged {
			out = append(out, c)
		}
	}
	return out
}
