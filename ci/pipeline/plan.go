package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

// Plan is what a deploy would do to production.
type Plan struct {
	Version string          `json:"version"`
	Digest  string          `json:"digest"`
	Changes []apply.Preview `json:"changes"`          // of all objects, unchanged ones too
	MadeBy  []apply.Maker   `json:"madeBy,omitempty"` // as in a Status
}

// Changed returns the changes that a deploy would write.
func (p Plan) Changed() []apply.Preview {
	return slices.DeleteFunc(slices.Clone(p.Changes), func(c apply.Preview) bool { return c.Action == write.Unchanged })
}

// Plan returns what deploying this run's version would change in production, by
// server-side dry run. It writes nothing and needs neither engine nor printer. A
// version that is not in the registry is a usage error.
func (r *Run) Plan(ctx context.Context) (Plan, error) {
	for n := range r.images {
		var err error
		if r.images[n].Digest, err = r.registered(ctx, r.images[n].Repo); err != nil {
			return Plan{}, err
		}
	}
	objects, err := r.overlays().RenderProduction(r.images)
	if err != nil {
		return Plan{}, err
	}
	if err := account.CheckIdentity(objects); err != nil {
		return Plan{}, err
	}
	if err := r.remember(ctx); err != nil {
		return Plan{}, err
	}
	plan, err := apply.NewPlan(ctx, r.env.Production, objects, r.applyOptions())
	if err != nil {
		return Plan{}, err
	}
	out := Plan{Version: r.opts.Version, Digest: r.images[0].Digest, Changes: plan.Preview(), MadeBy: []apply.Maker{}}
	if r.production.former == nil {
		out.MadeBy = plan.Makers()
	}
	return out, nil
}

// registered returns the digest of the version or, if it is not released, of its beta.
func (r *Run) registered(ctx context.Context, in image.Repository) (string, error) {
	for _, tag := range []string{r.opts.Version, image.Beta(r.opts.Version)} {
		digest, err := r.env.Registry.Digest(ctx, in, tag)
		switch {
		case errors.Is(err, image.ErrDenied): // of what is not there some say so, too, lest one learn what is
			return "", fmt.Errorf("%w; where nothing was pushed to %s yet, build first: `go run ./ci --until build`", err, in)
		case !errors.Is(err, image.ErrNotFound):
			return digest, err
		}
	}
	return "", exit.Usagef("%s has no version %s, nor %[2]s-beta: build it first (`go run ./ci --until build`), or give one that it has with --version", in, r.opts.Version)
}
