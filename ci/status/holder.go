package status

import (
	"context"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/records"
)

// WhoHas says in half a line who has production, for a run that has lost the lock and held it as own: the run that holds the lock or,
// without one, that of the current release.
func WhoHas(ctx context.Context, c *cluster.Cluster, namespace, own string) string {
	if holder, err := lock.HolderOf(ctx, c, namespace, lock.Production); err == nil && holder.Name != "" && holder.Name != own {
		return "run " + holder.Name + " changes production now"
	}
	releases, _, err := records.Releases(ctx, c, namespace)
	switch {
	case err != nil:
		return "which run has production now could not be read"
	case len(releases) == 0:
		return "production has no release now"
	}
	return "production now runs the release of run " + lock.Named(releases[0].Run, releases[0].Version)
}
