package pipeline

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/isolation"
	"github.com/slipway-cd/slipway/ci/cluster/reach"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/manifest"
	"github.com/slipway-cd/slipway/ci/report"
)

// beta is what a run has in the build namespace.
type beta struct {
	made    atomic.Bool // something of the run may be there
	removal chan error  // its removal under way
	behind  background  // what that waits for
	resign  func()      // stops the heartbeat

	named manifest.Named // by renderBeta
}

// Functional deploys the image as a beta of its own and tests it, first through its
// Service, then through its external address. The beta runs beside those of other
// runs and is removed whether the tests pass or fail.
func (r *Run) Functional(ctx context.Context) error {
	objects, err := r.renderBeta(r.digest)
	if err != nil {
		return err
	}
	if err := r.checkIsolated(ctx, objects); err != nil {
		return err
	}
	if err := r.receipt.ready(ctx); err != nil {
		return err
	}
	if renamed := r.beta.named.Renamed; len(renamed) > 0 {
		r.note("functional", "renamed with the Services that they name: "+strings.Join(renamed, ", "))
	}
	r.note("functional", "deploy "+r.betaPath())
	r.beta.made.Store(true)
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
	if err := r.testBeta(ctx, objects); err != nil {
		return err
	}
	r.detail = "tested inside and outside"
	if len(r.app.Functional) == 0 {
		r.detail = "answers inside and outside, not tested otherwise"
	}
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
	beside, err := r.renderProduction(r.digest)
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

// testBeta finds the beta's two addresses in parallel and tests one after the other.
func (r *Run) testBeta(ctx context.Context, objects []*unstructured.Unstructured) error {
	var external reach.Address
	var finding errgroup.Group
	search, stop := context.WithCancel(ctx)
	defer func() { // of a search that nobody waits for any more, the next stage must not hear
		stop()
		_ = finding.Wait()
	}()
	finding.Go(func() (err error) {
		external, err = reach.AddressOf(search, r.env.Build, objects, r.betaPath()+r.app.Health, r.tell(ctx, "functional"))
		return err
	})
	if err := r.testService(ctx, objects); err != nil {
		return err
	}
	r.note("functional", "find the external address")
	found := r.waitTime()
	err := finding.Wait()
	found()
	if err != nil {
		return err
	}
	url := external.URL + r.betaPath()
	r.address("functional", url, external.FoundBy)
	err = r.runSuite(ctx, suite{stage: "functional", command: r.app.Functional, address: url, version: r.opts.Version, code: ExitFunctional})
	return r.unlessGone(ctx, r.env.Build, objects, r.betaPath(), err)
}

// servedTime is how long the Service of a beta may be without a ready pod once all of its
// objects are out, unless its pods are made by what is none of them.
const servedTime = time.Minute

// testService tests through a port of this process that is forwarded to the Service,
// which works with any cluster network.
func (r *Run) testService(ctx context.Context, objects []*unstructured.Unstructured) error {
	finding, cancel := ctx, func() {}
	if !rollout.MadeByOthers(objects) {
		finding, cancel = context.WithTimeout(ctx, servedTime)
	}
	defer cancel()
	forward, err := reach.ForwardTo(finding, r.env.Build, r.opts.BuildNamespace, r.betaService(), r.app.Port, r.tell(ctx, "functional"))
	if err != nil {
		return err
	}
	defer forward.Close()
	url := fmt.Sprintf("http://%s:%d%s", r.app.Service, r.app.Port, r.betaPath())
	r.address("functional", url, "port-forward to Service "+r.opts.BuildNamespace+"/"+r.betaService())
	return r.runSuite(ctx, suite{stage: "functional", command: r.app.Functional, address: url, version: r.opts.Version,
		service: r.env.Engine.Tunnel(forward.LocalPort), code: ExitFunctional,
		ask: func(ctx context.Context) error {
			return forward.Answers(ctx, r.betaPath()+r.app.Health, r.tell(ctx, "functional"))
		}})
}

func (r *Run) address(stage, url, foundBy string) {
	r.report.Addresses = append(r.report.Addresses, report.Address{Stage: stage, URL: url, FoundBy: foundBy})
}

func (r *Run) record(changes []write.Change) {
	for _, c := range changes {
		r.report.Changes = append(r.report.Changes, report.Change{Namespace: c.Namespace, Kind: c.Kind, Name: c.Name, Action: report.Action(c.Action)})
	}
}
