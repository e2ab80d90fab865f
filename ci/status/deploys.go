package status

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/history"
)

// Deploys are what became of the deploys to production. Lists may be empty, but are never nil.
type Deploys struct {
	Time        time.Time        `json:"time"`                  // by the API server's clock, as the times below are
	Environment string           `json:"environment,omitempty"` // where production is one of several
	Namespace   string           `json:"namespace"`
	Deploys     []history.Deploy `json:"deploys"` // newest first
	Months      []history.Month  `json:"months"`  // DORA's four keys, the newest last
	Broken      []records.Broken `json:"broken"`  // records that cannot be read
}

// ErrNothing is in the error of a place to which nothing was deployed.
var ErrNothing = errors.New("nothing was deployed there yet")

// DeploysOf reads what is known of the deploys to a namespace, of those that ended at a time or later, and of the months since then.
// A namespace without any is a usage error.
func DeploysOf(ctx context.Context, c *cluster.Cluster, namespace string, git history.Git, since func(now time.Time) (time.Time, error)) (Deploys, error) {
	all, bad, err := records.Deploys(ctx, c, namespace)
	if err != nil {
		return Deploys{}, err
	}
	if len(all)+len(bad) == 0 {
		return Deploys{Time: c.Now(), Namespace: namespace, Deploys: []history.Deploy{}, Months: []history.Month{}, Broken: []records.Broken{}}, exit.Usagef("namespace %s: %w", namespace, ErrNothing)
	}
	out := Deploys{Time: c.Now(), Namespace: namespace}
	from, err := since(out.Time)
	if err != nil {
		return out, err
	}
	out.Deploys, out.Broken = history.Since(all, from), append([]records.Broken{}, bad...)
	out.Months = slices.DeleteFunc(git.Months(ctx, all, out.Time), func(m history.Month) bool { return m.Month < from.UTC().Format("2006-01") })
	return out, nil
}
