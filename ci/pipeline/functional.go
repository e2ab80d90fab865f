package pipeline

import (
	"context"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/isolation"
	"github.com/slipway-cd/slipway/ci/cluster/reach"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/report"
)

// beta is what a run has in the build namespace.
type beta struct {
	made    bool       // something of the run may be there
	removal chan error // its removal under way
	resign  func()     // stops the heartbeat
}

// Functional deploys the image as a beta of its own and tests it, first through its
// Service, then through its external address. The beta runs beside those of other
// runs and is removed whether the tests pass or fail.
func (r *Run) Functional(ctx context.Context) error {
	objects, reached, err := r.renderBeta(r.images)
	if err != nil {
		return err
	}
	if err := r.checkIsolated(ctx, objects); err != nil {
		return err
	}
	if err := r.receipt.ready(ctx); err != nil {
		return err
	}
	r.note("functional", "deploy beta "+r.opts.Run)
	r.beta.made = true
	owner, err := runs.Begin(ctx, r.env.Build, r.opts.BuildNamespace, r.opts.Run, map[string]string{"version": r.opts.Version, "commit": r.opts.Commit})
	if err != nil {
		return err
	}
	r.beta.resign = runs.KeepAlive(ctx, r.env.Build, r.opts.BuildNamespace, r.opts.Run)
	r.sweep(ctx)
	changes, err := apply.Apply(ctx, r.env.Build, objects, apply.Options{Owner: &owner})
	r.record(changes)
	if err != nil {
		return err
	}
	if err := r.wait(ctx, r.env.Build, "functional", objects); err != nil {
		return err
	}
	if err := r.testBeta(ctx, objects, reached); err != nil {
		return err
	}
	r.detail = r.tested(reached)
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
	beside, err := r.showProduction(r.images)
	if err != nil {
		return err
	}
	if r.env.Production != nil {
		live, err := isolation.Routes(ctx, r.env.Production, r.opts.Namespace, beta)
		if err != nil {
			return err
		}
		beside = append(beside, live...)
	}
	return isolation.CheckIsolated(ctx, r.env.Build, beta, isolation.Isolation{Namespace: r.opts.BuildNamespace, Beside: beside, Run: r.opts.Run})
}

// tested tells how a beta was tested.
func (r *Run) tested(reached front) string {
	how := "tested"
	if len(r.app.Tests.Functional) == 0 {
		how = "answers"
	}
	switch {
	case reached.public:
		how += " inside and outside"
	case reached.service != "":
		how += " inside; it has no address outside"
	case how == "answers":
		return "its objects are ready; it has no Service to ask"
	default:
		how += "; it has no Service"
	}
	if len(r.app.Tests.Functional) == 0 {
		how += ", not tested otherwise"
	}
	return how
}

// testBeta finds the beta's two addresses in parallel and tests one after the other.
func (r *Run) testBeta(ctx context.Context, objects []*unstructured.Unstructured, reached front) error {
	beside, closeAll, err := r.beside(ctx, objects)
	if err != nil {
		return err
	}
	defer closeAll()
	at := place{stage: "functional", version: r.opts.Version, health: reached.health, code: ExitFunctional, names: beside}
	if reached.service == "" {
		return r.runSuites(ctx, r.app.Tests.Functional, at)
	}
	var external reach.Address
	var finding errgroup.Group
	if reached.public {
		finding.Go(func() (err error) {
			external, err = reach.AddressOf(ctx, r.env.Build, objects, reached.answers())
			return err
		})
	}
	if err := r.testService(ctx, r.env.Build, objects, r.app.Tests.Functional, reached, at); err != nil || !reached.public {
		return err
	}
	r.note("functional", "find the external address")
	found := r.waitTime()
	err = finding.Wait()
	found()
	if err != nil {
		return err
	}
	at.address = external.URL + reached.path
	r.address("functional", at.address, external.FoundBy)
	err = r.runSuites(ctx, r.app.Tests.Functional, at)
	return r.unlessGone(ctx, r.env.Build, objects, reached, err)
}

func (r *Run) address(stage, url, foundBy string) {
	r.report.Addresses = append(r.report.Addresses, report.Address{Stage: stage, URL: url, FoundBy: foundBy})
}

func (r *Run) record(changes []write.Change) {
	for _, c := range changes {
		r.report.Changes = append(r.report.Changes, report.Change{Namespace: c.Namespace, Kind: c.Kind, Name: c.Name, Action: report.Action(c.Action)})
	}
}
