package pipeline

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/acceptance"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/isolation"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/journal"
	"github.com/slipway-cd/slipway/ci/overlay"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/signing"
)

// beta is what a run has in the build namespace.
type beta struct {
	made    atomic.Bool        // something of the run may be there
	removal chan error         // its removal under way
	behind  journal.Background // what that waits for
	resign  func()             // stops the heartbeat

}

// Functional deploys the image as a beta of its own and tests it, first through its
// Service, then through its external address. The beta runs beside those of other
// runs and is removed whether the tests pass or fail.
func (r *Run) Functional(ctx context.Context) error {
	if err := r.reuse(ctx); err != nil {
		if Reaches(r.opts.Until, "release") || !errors.As(err, &skipped{}) {
			return err
		}
		if refused := r.checkVulnerabilities(ctx, "functional"); refused != nil { // no stage comes that would look
			return refused
		}
		return err
	}
	beta, err := r.overlays().RenderBeta(r.images)
	if err != nil {
		return err
	}
	objects := beta.Objects
	if err := r.checkIsolated(ctx, objects); err != nil {
		return err
	}
	if err := r.receipt.Ready(ctx); err != nil {
		return err
	}
	if len(beta.Names.Renamed) > 0 {
		r.note("functional", "renamed with the Services that they name: "+strings.Join(beta.Names.Renamed, ", "))
	}
	r.note("functional", "deploy beta "+r.opts.Run)
	r.beta.made.Store(true)
	owner, err := runs.Begin(ctx, r.env.Build, r.opts.BuildNamespace, r.opts.Run, map[string]string{"version": r.opts.Version, "commit": r.opts.Commit})
	if err != nil {
		return err
	}
	r.beta.resign = runs.KeepAlive(ctx, r.env.Build, r.opts.BuildNamespace, r.opts.Run)
	r.sweep(ctx)
	plan, err := apply.NewPlan(ctx, r.env.Build, objects, apply.Options{Owner: &owner})
	if err != nil {
		return err
	}
	changes, err := apply.Carry(ctx, r.env.Build, plan, r.journal.Tell(ctx, "functional")) // a wave may be long, of a migration for example
	r.record(changes)
	if err != nil {
		return err
	}
	if err := r.wait(ctx, r.env.Build, "functional", objects); err != nil {
		return err
	}
	if err := r.testBeta(ctx, beta); err != nil {
		return err
	}
	if !Reaches(r.opts.Until, "release") { // the run that releases the image need not repeat these tests
		if err := r.checkVulnerabilities(ctx, "functional"); err != nil {
			return err
		}
		if err := r.attest(ctx, "functional"); err != nil {
			return err
		}
	}
	r.detail = acceptance.Judged(beta.Front, r.app.Tests.Functional)
	r.beta.removal = make(chan error, 1)
	go func() { // meanwhile the pipeline goes on; cleanup waits for it
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		r.beta.removal <- r.deleteBeta(ctx)
	}()
	return nil
}

// checkIsolated checks that the beta cannot affect production: neither as its overlay
// will make it nor, if the run has credentials for it, as it is now.
func (r *Run) checkIsolated(ctx context.Context, beta []*unstructured.Unstructured) error {
	if err := signing.CheckBeta(beta); err != nil {
		return err
	}
	var beside []*unstructured.Unstructured
	for _, of := range r.overlays().Everywhere() {
		objects, err := of.ShowProduction(r.images)
		if err != nil {
			return err
		}
		beside = append(beside, objects...)
	}
	for _, leg := range r.legs() {
		if leg.env.Production != nil {
			live, err := isolation.Routes(ctx, leg.env.Production, leg.opts.Namespace, beta)
			if err != nil {
				return err
			}
			beside = append(beside, live...)
		}
	}
	return isolation.CheckIsolated(ctx, r.env.Build, beta, isolation.Isolation{Namespace: r.opts.BuildNamespace, Beside: beside, Run: r.opts.Run})
}

// testBeta tests a beta, whose tests reach some of its other Services, too.
func (r *Run) testBeta(ctx context.Context, beta overlay.Beta) (err error) {
	tester := r.tester(r.env.Build, "functional", r.opts.Version, beta.Objects, beta.Front)
	if tester.Beside, err = r.overlays().ServicesBeside(beta.Objects); err != nil {
		return err
	}
	tester.Suffix = r.overlays().Suffix()
	return tester.Beta(ctx)
}

func (r *Run) address(stage, url, foundBy string) {
	r.report.Addresses = append(r.report.Addresses, report.Address{Stage: stage, URL: url, FoundBy: foundBy})
}

func (r *Run) record(changes []write.Change) {
	for _, c := range changes {
		in := r.opts.Environment
		if c.Namespace == r.opts.BuildNamespace {
			in = "" // of a beta
		}
		r.report.Changes = append(r.report.Changes, report.Change{Environment: in, Namespace: c.Namespace, Kind: c.Kind, Name: c.Name, Action: report.Action(c.Action)})
	}
}
