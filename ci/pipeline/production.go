package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/front"
)

// Production runs the light tests at the address of users: does it answer, does it
// reach its database, is it the version just deployed? Only then the release is recorded.
func (r *Run) Production(ctx context.Context) error {
	ctx, done := r.lock.fence(ctx)
	defer done()
	where, err := r.testProduction(ctx, "production", r.production.objects, r.opts.Version)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.note("production", "record the release")
	if err := r.recordRelease(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	r.detail = r.opts.Version + " " + where
	return nil
}

// recordTime limits recording a verified release. It is longer than an API server takes
// to restart.
const recordTime = time.Minute

// recordRelease records the verified release and then deletes the undo record. It is
// not interrupted once begun: nobody would know whether the release is recorded.
func (r *Run) recordRelease(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	if r.production.former == nil || r.production.former.Digest != r.images[0].digest || r.back.record != nil {
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
	return records.Release{Version: r.opts.Version, Digest: r.images[0].digest, Commit: r.opts.Commit, Run: r.opts.Run,
		Number: r.lock.lease.Number(), Time: r.env.Production.Now(), Objects: objects, Refs: refs,
		Committed: r.opts.Built, Before: r.opts.History.Before, Shallow: r.opts.History.Shallow, Dirty: r.opts.History.Dirty,
		Key: r.production.signer.key, Identity: r.production.signer.identity, Evidence: told}
}

// testProduction tests production where objects say that users reach it, and returns how
// it was judged: at an address, at the Service of one that has none outside, or by its objects.
func (r *Run) testProduction(ctx context.Context, stage string, objects []*unstructured.Unstructured, version string) (string, error) {
	reached, err := front.Of(r.app, objects, "")
	if err != nil {
		return "", err
	}
	suites := r.app.Tests.Production
	at := place{stage: stage, version: version, health: reached.Health, code: ExitProduction}
	untested := ""
	if len(suites) == 0 {
		untested = ", not tested but for its health"
	}
	switch {
	case reached.Service == "":
		return "with its objects ready; it has no Service to ask", r.runSuites(ctx, suites, at)
	case !reached.Public && r.said(stage).url == "":
		return "at Service " + reached.Service + ", no address is public" + untested, r.testService(ctx, r.env.Production, objects, suites, reached, at)
	}
	address, err := r.findAddress(ctx, r.env.Production, stage, objects, reached)
	if err != nil {
		return "", err
	}
	at.address = address.base
	err = r.testOutside(ctx, r.env.Production, address, suites, at)
	if err == nil && r.production.rerouted {
		err = r.stillServed(ctx, stage, objects, reached)
	}
	return "at " + at.address + untested, r.unlessGone(ctx, r.env.Production, stage, objects, reached, err)
}
