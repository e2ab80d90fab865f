package pipeline

import (
	"context"
	"errors"

	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/succession"
)

func (r *Run) succession() succession.Run {
	return succession.Run{Application: r.app.Name, Options: r.opts}
}

// foreseeSuperseded compares with what production runs now, before anything is built. It
// keeps the failure for the first stage, so that a run that ends before it has built
// anything still has a report, and why there is nothing to ship.
func (r *Run) foreseeSuperseded(ctx context.Context) error {
	deployed, err := r.deployed(ctx)
	if err == nil {
		err = r.succession().Superseded(ctx, deployed)
	}
	if known := (*exit.Failure)(nil); errors.As(err, &known) && known.Code == exit.Superseded {
		r.outdated = err
		return nil
	}
	if err == nil && deployed != nil && Reaches(r.opts.Until, "production") {
		r.unchanged, r.production.former = r.succession().Unchanged(ctx, deployed), deployed
	}
	return err
}

// checkSuperseded compares with what production runs now.
func (r *Run) checkSuperseded(ctx context.Context) error {
	deployed, err := r.deployed(ctx)
	if err != nil {
		return err
	}
	return r.succession().Superseded(ctx, deployed)
}

// deployed returns the release that production runs, nil before the first. That of another
// application is an error.
func (r *Run) deployed(ctx context.Context) (*records.Release, error) {
	releases, err := r.releases(ctx)
	if err != nil || len(releases) == 0 {
		return nil, err
	}
	return &releases[0], r.succession().CheckApplication(&releases[0])
}
