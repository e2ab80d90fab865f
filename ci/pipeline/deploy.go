package pipeline

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

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
	if err := r.remember(ctx, objects); err != nil {
		return err
	}
	r.production = objects
	r.note("deploy", "apply")
	r.changes, err = r.env.Cluster.Apply(ctx, objects, cluster.ApplyOptions{})
	r.record(r.changes)
	if err != nil {
		return err
	}
	if err := r.wait(ctx, "deploy", objects); err != nil {
		return err
	}
	r.detail = fmt.Sprintf("%d of %d objects changed", len(written(r.changes)), len(objects))
	return nil
}

// wait waits until the objects are really out.
func (r *Run) wait(ctx context.Context, stage string, objects []*unstructured.Unstructured) error {
	defer r.waitTime()()
	return r.env.Cluster.Wait(ctx, objects, func(object, state string) { r.note(stage, object+": "+state) })
}

func (r *Run) lockProduction(ctx context.Context, stage string) (err error) {
	defer r.waitTime()()
	holder := r.opts.Run + " (" + r.opts.Version + ")"
	r.lease, err = r.env.Cluster.Lock(ctx, r.opts.Namespace, leaseName, holder, func(other string) {
		r.note(stage, "waiting for run "+other+", which changes production")
	})
	return err
}

// remember finds the release to go back to, and the volumes that an undo must
// not take for this run's.
func (r *Run) remember(ctx context.Context, objects []*unstructured.Unstructured) error {
	releases, err := r.env.Cluster.Releases(ctx, r.opts.Namespace)
	if err != nil {
		return err
	}
	if len(releases) > 0 {
		r.former = &releases[0]
	}
	r.claims, err = r.env.Cluster.Claims(ctx, objects)
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
