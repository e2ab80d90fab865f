package apply

import (
	"context"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// followUp looks at an object that is no longer as the plan saw it. Where only
// others' fields have changed, a status for example, the plan still holds, and the
// object is written again as it is now. It reports whether it is as wanted already:
// a write whose answer was lost is repeated, and finds itself.
func followUp(ctx context.Context, c *cluster.Cluster, p *Planned) (done bool, err error) {
	live, err := write.ReadAgain(ctx, c, p.Resource, p.Object)
	if err != nil {
		return false, err
	}
	refused := func(cause string) error {
		return &cluster.Error{Class: cluster.Admission, Object: managed.Describe(p.Object), Cause: cause, Try: "look who did it: kubectl get -o yaml --show-managed-fields; then start again"}
	}
	switch {
	case live != nil && managed.AsApplied(live, p.Object) && live.GetLabels()[managed.LabelRun] == p.Object.GetLabels()[managed.LabelRun]:
		p.Live = live
		return true, nil
	case p.Live == nil && live != nil:
		return false, refused("was created by somebody else since this was planned")
	case p.Live != nil && (live == nil || live.GetUID() != p.Live.GetUID()):
		return false, refused("was deleted by somebody else since this was planned")
	case live != nil && !write.SameEntry(managed.Applied(live), managed.Applied(p.Live)):
		return false, refused("was written as " + managed.FieldManager + " by somebody else since this was planned")
	}
	p.Live, p.force = live, false
	return false, nil
}
