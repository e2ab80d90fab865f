package cluster

import "context"

// followUp looks at an object that is no longer as the plan saw it. Where only
// others' fields have changed, a status for example, the plan still holds, and the
// object is written again as it is now. It reports whether it is as wanted already:
// a write whose answer was lost is repeated, and finds itself.
func (c *Cluster) followUp(ctx context.Context, p *planned) (done bool, err error) {
	live, err := c.readAgain(ctx, p.resource, p.object)
	if err != nil {
		return false, err
	}
	refused := func(cause string) error {
		return &Error{Class: Admission, Object: describe(p.object), Cause: cause, Try: "look who did it: kubectl get -o yaml --show-managed-fields; then start again"}
	}
	switch {
	case live != nil && asApplied(live, p.object) && live.GetLabels()[LabelRun] == p.object.GetLabels()[LabelRun]:
		p.live = live
		return true, nil
	case p.live == nil && live != nil:
		return false, refused("was created by somebody else since this was planned")
	case p.live != nil && (live == nil || live.GetUID() != p.live.GetUID()):
		return false, refused("was deleted by somebody else since this was planned")
	case live != nil && !sameEntry(applied(live), applied(p.live)):
		return false, refused("was written as " + FieldManager + " by somebody else since this was planned")
	}
	p.live, p.force = live, false
	return false, nil
}
