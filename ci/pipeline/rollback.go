package pipeline

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/settings"
	"github.com/slipway-cd/slipway/ci/signing"
	"github.com/slipway-cd/slipway/ci/succession"
)

// NewRollback returns a run that rolls production back to the newest release of the
// version in to. If to is empty, that is the release before the current one; after a
// rollback, that is the release which was rolled back. It reads the cluster and writes
// nothing. A version without a release is a usage error.
func NewRollback(ctx context.Context, app description.Application, opts settings.Options, env Environment, to string) (*Run, error) {
	if err := env.Production.CheckAccess(ctx, opts.Namespace); err != nil {
		return nil, err
	}
	releases, _, err := records.Releases(ctx, env.Production, opts.Namespace)
	if err != nil {
		return nil, err
	}
	target, err := succession.Back(releases, to)
	if err != nil {
		return nil, err
	}
	opts.Version, opts.Commit, opts.Until = target.Version, target.Commit, "production"
	opts.Built, opts.History = target.Committed, commits.History{Before: target.Before, Shallow: target.Shallow, Dirty: target.Dirty}
	r, err := New(app, opts, env)
	if err != nil {
		return nil, err
	}
	r.rollsBack, r.production.former, r.production.objects = true, &releases[0], target.Objects
	if err := artifact.Recall(r.images, target.Objects); err != nil {
		return nil, err
	}
	r.images[0].Digest, r.production.signer = target.Digest, signing.Known{Key: target.Key, Identity: target.Identity}
	r.tellDigests()
	r.receipt = r.beginReceipt(ctx)
	return r, nil
}

// RollbackStages returns the stages of a run that NewRollback made. If the former
// version fails its tests, the undo puts back what production ran before the rollback.
func (r *Run) RollbackStages() []Stage {
	in := r.opts.Environment
	return []Stage{
		{Name: "build", Run: r.BuildTests, Code: exit.Build},                                                      // only the production tests: the image exists already
		{Name: r.as("rollback"), Environment: in, Run: r.Rollback, Code: exit.Admission},                          // the recorded objects, under the lock, waited for
		{Name: r.as("production"), Environment: in, With: "production", Run: r.Production, Code: exit.Production}, // as after a deploy; recorded as the newest release
		{Name: "cleanup", Run: r.Cleanup, Code: exit.Unknown, Always: true, Time: cleanupTime},
	}
}

// BuildTests builds the images that hold the production tests.
func (r *Run) BuildTests(ctx context.Context) error {
	if len(r.app.Tests.Production) == 0 {
		r.detail = "no tests to build"
		return nil
	}
	var images errgroup.Group
	for _, suite := range r.app.Tests.Production {
		images.Go(func() error { return r.builder().BuildSuite(ctx, suite) })
	}
	return images.Wait()
}

// Rollback applies the objects that the former release recorded and prunes what only
// the current one has. Jobs stay as they are: that release's migration would run again on
// a database that the current one has migrated further, which some tools refuse and none
// undoes.
func (r *Run) Rollback(ctx context.Context) error {
	r.note("rollback", "verify evidence")
	if err := r.verify(ctx, "rollback", &r.production.signer); err != nil {
		return err
	}
	ctx, done, err := r.lockProduction(ctx, "rollback")
	if err != nil {
		return err
	}
	defer done()
	if err := r.recoverDead(ctx, "rollback"); err != nil {
		return err
	}
	chosenFrom := r.production.former.Run
	if err := r.remember(ctx); err != nil {
		return err
	}
	r.tellBroken("rollback")
	if r.production.former == nil || r.production.former.Run != chosenFrom {
		return &exit.Failure{Code: exit.Superseded, Cause: "run " + r.production.former.Run + " has changed production in the meantime", Try: "look at `" + about.Program() + " status` and start again"}
	}
	options := r.applyOptions()
	options.KeepJobs = true
	changes, err := r.change(ctx, "rollback", r.production.objects, options)
	r.record(write.AsRestored(changes))
	if err != nil {
		return err
	}
	r.detail = fmt.Sprintf("from %s to %s, %d objects changed", r.production.former.Version, r.opts.Version, len(write.Written(changes)))
	if len(withoutJobs(r.production.objects)) < len(r.production.objects) {
		r.detail += "; Jobs stay as they are, none was run"
	}
	return nil
}
