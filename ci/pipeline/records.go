package pipeline

import (
	"context"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/records"
)

// releases returns production's releases that can be read, newest first. tellBroken
// tells of the others, which are ignored.
func (r *Run) releases(ctx context.Context) (releases []records.Release, err error) {
	releases, r.production.broken, err = records.Releases(ctx, r.env.Production, r.opts.Namespace)
	return releases, err
}

// tellBroken notes which releases cannot be read and are ignored.
func (r *Run) tellBroken(stage string) {
	for _, b := range r.production.broken {
		r.note(stage, b.String()+"; ignored, `"+b.Remove+"` removes it")
	}
}

// undos returns the undo records of other runs. One that cannot be read is an error,
// for only a person can find out what its run has left.
func (r *Run) undos(ctx context.Context) ([]records.UndoRecord, error) {
	undos, broken, err := records.Undos(ctx, r.env.Production, r.opts.Namespace)
	if err != nil || len(broken) == 0 {
		return undos, err
	}
	b := broken[0]
	return nil, &cluster.Error{Class: cluster.Misconfigured, Object: "Secret " + b.Secret,
		Cause:    "a run that began to change production at " + b.Made.UTC().Format("2006-01-02 15:04:05 MST") + " recorded here how to undo that, but the record cannot be read: " + b.Cause,
		Evidence: []string{"who edited it: " + b.Look, "what differs from this version's overlay: go run ./ci plan"},
		Try:      "look at production, repair what that run left half done, then run `" + b.Remove + "`"}
}
