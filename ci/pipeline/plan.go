package pipeline

import (
	"context"
	"slices"

	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/write"
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
		if r.images[n].Digest, err = r.tags("plan").Pushed(ctx, r.images[n].Repo); err != nil {
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
