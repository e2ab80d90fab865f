package pipeline

import (
	"context"

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
	return nil, broken[0].Unrecoverable()
}
