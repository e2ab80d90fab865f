package pipeline

import (
	"cmp"
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/journal"
	"github.com/slipway-cd/slipway/ci/receipt"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/settings"
)

// New returns a run. opts must have passed Check and now have an image.
func New(app description.Application, opts settings.Options, env Environment) (*Run, error) {
	r, err := newRun(app, opts, env)
	if err != nil {
		return nil, err
	}
	r.introduce()
	return r, nil
}

// newRun checks what every kind of run needs.
func newRun(app description.Application, opts settings.Options, env Environment) (*Run, error) {
	if err := settings.CheckRun(opts.Run); err != nil {
		return nil, err
	}
	if err := settings.CheckAddress(opts.Address); err != nil {
		return nil, err
	}
	images, err := artifact.Of(app, opts.Image)
	if err != nil {
		return nil, err
	}
	for _, i := range images {
		if file, err := fs.Stat(env.Tree, i.File()); err != nil || file.IsDir() {
			return nil, exit.Usagef("--source: it has no %s", i.File())
		}
	}
	return &Run{app: app, opts: opts, env: env, images: images, journal: &journal.Journal{Printer: env.Printer}, report: &report.Report{}}, nil
}

// introduce fills in the report what is known before the first stage.
func (r *Run) introduce() {
	in := r.env.Build
	if in == nil {
		in = r.env.Production
	}
	host, version := in.Server()
	*r.report = report.Report{Run: r.opts.Run, Version: r.opts.Version, Image: r.images[0].Repo.String(), Commit: r.opts.Commit,
		Vendor: r.opts.Vendor, Branch: r.opts.Branch, Actor: r.opts.Actor, Who: cmp.Or(r.opts.Actor, r.opts.Person), RunURL: r.opts.RunURL, Namespace: r.opts.Namespace, Cluster: host + " " + version, As: r.env.As, ProductionAs: r.env.ProductionAs, Engine: engine.Version}
	r.introducePlace()
}

// Preflight asks the cluster and the registry in parallel whether the run may do what
// it is about to do, and changes nothing: a refusal would otherwise come only after
// minutes of building. It returns what the server warns about.
func (r *Run) Preflight(ctx context.Context) (warnings []string, err error) {
	if err := r.opts.Evidence.NoToken; err != nil && r.witness("build").Attests() && !r.promotes {
		return nil, err
	}
	if err := r.opts.Evidence.Check(); err != nil && Reaches(r.opts.Until, "release") && !r.promotes {
		return nil, err
	}
	var checks errgroup.Group
	var said apply.Foreseen
	for _, i := range r.images {
		checks.Go(func() error {
			if err := r.env.Registry.Ping(ctx, i.Repo); err != nil {
				return err
			}
			if r.promotes {
				return nil
			}
			return r.tags("build").Foresee(ctx, i)
		})
	}
	checks.Go(func() error { return r.stepRunner().Check(ctx, r.wanted(nil)) })
	if Reaches(r.opts.Until, "functional") && !r.promotes {
		checks.Go(func() error {
			if err := r.env.Build.CheckAccess(ctx, r.opts.BuildNamespace); err != nil {
				return err
			}
			return r.foreseeBeta(ctx, &said)
		})
	}
	if Reaches(r.opts.Until, "deploy") {
		for _, leg := range r.legs() {
			checks.Go(func() error { return leg.foresee(ctx, &said) })
		}
	}
	err = checks.Wait()
	if err == nil {
		err = said.Refusal()
	}
	if err != nil {
		failure := exit.Explain(ctx, err, exit.Usage)
		if errors.Is(err, image.ErrUnreachable) || errors.Is(err, image.ErrDenied) {
			failure.Cause = "--image: " + failure.Cause
		}
		return nil, failure
	}
	r.takeTogether()
	for _, leg := range r.legs() {
		if Reaches(r.opts.Until, "functional") {
			leg.receipt = leg.beginReceipt(ctx)
		}
	}
	return said.Warnings(), nil
}

// foresee asks about production, or an environment, whether the run may go there, and would be let.
func (r *Run) foresee(ctx context.Context, said *apply.Foreseen) error {
	if err := r.checkProduction(ctx); err != nil {
		return err
	}
	if err := r.foreseeSuperseded(ctx); err != nil || r.outdated != nil || r.unchanged != "" {
		return err
	}
	return r.foreseeProduction(ctx, said)
}

// takeTogether has the run end before it builds where one environment has a newer commit, or all have nothing to get.
func (r *Run) takeTogether() {
	same := true
	for _, leg := range r.further {
		r.outdated, same = cmp.Or(r.outdated, leg.outdated), same && leg.unchanged != ""
	}
	if !same {
		r.unchanged = ""
	}
	if r.unchanged != "" {
		r.report.Version, r.report.Digest = r.production.former.Version, r.production.former.Digest
	}
}

// beginReceipt reads the state before the run.
func (r *Run) beginReceipt(ctx context.Context) *receipt.Receipt {
	scope := receipt.Scope{Run: r.opts.Run, Build: r.env.Build, Production: r.env.Production, BuildNamespace: r.opts.BuildNamespace, Namespace: r.opts.Namespace}
	if r.follows {
		scope.Build = nil // the first one's receipt has it
	}
	return receipt.Begin(ctx, scope)
}

// checkProduction checks that production may be changed. If the credentials are only
// those of the build namespace, the error says which flag is missing.
func (r *Run) checkProduction(ctx context.Context) error {
	var more []cluster.Permission
	if reached, err := r.overlays().ProductionFront(r.images); err != nil {
		return err
	} else if reached.ByServiceAlone() {
		more = cluster.ToForward
	}
	err := r.env.Production.CheckAccess(ctx, r.opts.Namespace, more...)
	if known := (*cluster.Error)(nil); r.env.Production == r.env.Build && errors.As(err, &known) && known.Try != "" {
		known.Try += "; or give separate credentials for production with --production-kubeconfig"
	}
	return err
}
