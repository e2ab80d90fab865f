package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/acceptance"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/front"
)

// Production runs the light tests at the address of users: does it answer, does it
// reach its database, is it the version just deployed? Only then the release is recorded.
func (r *Run) Production(ctx context.Context) error {
	ctx, done := r.lease.Under(ctx)
	defer done()
	where, err := r.testProduction(ctx, "production", r.production.objects, r.opts.Version)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.detail = r.opts.Version + " " + where
	if r.production.recordedLater {
		return nil
	}
	r.note("production", "record the release")
	return r.recordRelease(context.WithoutCancel(ctx))
}

// Record records the release, where steps came after the tests of production.
func (r *Run) Record(ctx context.Context) error {
	ctx, done := r.lease.Under(ctx)
	defer done()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := r.recordRelease(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	return r.pass(ctx)
}

// recordTime limits recording a verified release. It is longer than an API server takes
// to restart.
const recordTime = time.Minute

// recordRelease records the verified release and then deletes the undo record. It is
// not interrupted once begun: nobody would know whether the release is recorded.
func (r *Run) recordRelease(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	if r.production.former == nil || r.production.former.Digest != r.images[0].Digest || r.back.record != nil {
		r.production.recording = true
		release := r.release(r.production.objects, slices.Concat(r.production.refs, r.production.awaited))
		err := records.SaveRelease(ctx, r.env.Production, r.opts.Namespace, &release)
		if err != nil {
			return err
		}
		r.production.released = release.Time
	}
	r.production.verified = true
	if r.back.record == nil {
		return nil
	}
	r.back.say(nil)
	return records.ForgetUndo(ctx, r.env.Production, *r.back.record) // where this fails, recover sees that the release is recorded
}

// release is the record of this run's release.
func (r *Run) release(objects []*unstructured.Unstructured, refs []managed.Ref) records.Release {
	told, err := json.Marshal(r.report.Evidence)
	if err != nil || r.report.Evidence == nil {
		told = nil
	}
	return records.Release{Version: r.opts.Version, Digest: r.images[0].Digest, Commit: r.opts.Commit, Run: r.opts.Run,
		Number: r.lease.Number(), Time: r.env.Production.Now(), Objects: objects, Refs: refs,
		Committed: r.opts.Built, Before: r.opts.History.Before, Shallow: r.opts.History.Shallow, Dirty: r.opts.History.Dirty,
		Key: r.production.signer.Key, Identity: r.production.signer.Identity, Evidence: told}
}

// testProduction tests production where objects say that users reach it, and returns how
// it was judged: at an address, at the Service of one that has none outside, or by its objects.
func (r *Run) testProduction(ctx context.Context, stage string, objects []*unstructured.Unstructured, version string) (string, error) {
	reached, err := front.Of(r.app, objects, "")
	if err != nil {
		return "", err
	}
	return r.tester(r.env.Production, stage, version, objects, reached).Production(ctx, r.production.rerouted)
}

// tester tests a version that is deployed.
func (r *Run) tester(in *cluster.Cluster, stage, version string, objects []*unstructured.Unstructured, reached front.Front) acceptance.Tester {
	return acceptance.Tester{App: r.app, Address: r.opts.Address, In: in, Stage: r.as(stage), Version: version, Objects: objects, Front: reached,
		Tests: r.tests(), AtWork: &r.atWork, Found: r.address}
}
