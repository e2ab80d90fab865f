package command

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/slipway-cd/slipway/ci/ago"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/environment"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/settings"
	"github.com/slipway-cd/slipway/ci/status"
)

// checkEnvironments refuses flags that say of production what each environment says of itself.
func (f *flags) checkEnvironments() error {
	all := f.app.Environments
	if len(all) == 0 {
		if f.Environment != "" {
			_, err := environment.One(all, f.Environment)
			return err
		}
		return nil
	}
	for _, given := range []struct{ flag, value string }{{"--namespace", f.Namespace}, {"--production-overlay", f.ProductionOverlay}, {"--address", f.Address}} {
		if given.value != "" {
			return exit.Usagef("%s %s: each environment has its own: leave this out, and say it under environments in %s", given.flag, given.value, description.File)
		}
	}
	for name := range f.EnvironmentKubeconfig {
		if _, err := environment.One(all, name); err != nil {
			return exit.Usagef("--environment-kubeconfig: %w", err)
		}
	}
	for _, e := range all {
		if e.Namespace == cmp.Or(f.BuildNamespace, f.app.Name+"-build") {
			return exit.Usagef("environments: %s: namespace %s is that of betas: give it another", e.Name, e.Namespace)
		}
	}
	return nil
}

// in is the command in one environment: what is production's is that environment's.
func (f *flags) in(e description.Environment) *flags {
	out := *f
	out.at, out.Namespace, out.ProductionOverlay = e.Name, e.Namespace, e.Overlay
	out.app.Address.Production = e.Address
	file := f.EnvironmentKubeconfig[e.Name]
	if file != "" { // of its own, with the one context that counts
		out.ProductionKubeconfig, out.ProductionContext = file, ""
	}
	if e.Context != "" && file == "" && cmp.Or(out.ProductionKubeconfig, out.Kubeconfig) != "" { // the sandbox has one cluster
		out.ProductionKubeconfig, out.ProductionContext = cmp.Or(out.ProductionKubeconfig, out.Kubeconfig), e.Context
	}
	return &out
}

// one is the command in the environment that --environment names, or in production where there is that alone.
func (f *flags) one() (*flags, error) {
	if len(f.app.Environments) == 0 {
		return f, nil
	}
	e, err := environment.One(f.app.Environments, f.Environment)
	if err != nil {
		return nil, err
	}
	out := f.in(e)
	out.Until = "production"
	return out, nil
}

// each is the command in the environment that --environment names, in all of them without one, or in production.
func (f *flags) each() ([]*flags, error) {
	if len(f.app.Environments) == 0 || f.Environment != "" {
		one, err := f.one()
		return []*flags{one}, err
	}
	return f.all(f.app.Environments), nil
}

func (f *flags) all(environments []description.Environment) (out []*flags) {
	for _, e := range environments {
		out = append(out, f.in(e))
	}
	return out
}

// choose finds the way of a run, and returns the command in each environment that it goes through; where it ends before all, in the
// first, whose namespace is beside its betas.
func (f *flags) choose() ([]*flags, error) {
	all := f.app.Environments
	if len(all) == 0 {
		if len(f.Approve) > 0 {
			_, err := environment.Choose(all, environment.Wanted{Approved: f.Approve})
			return nil, err
		}
		return []*flags{f}, nil
	}
	var err error
	f.way, err = environment.Choose(all, environment.Wanted{Until: f.Until, From: f.Environment, Approved: f.Approve, Released: f.From == fromRelease, Given: f.words})
	if err != nil {
		return nil, err
	}
	f.Until = f.way.Until
	if len(f.way.Through) == 0 {
		return f.all(all[:1]), nil
	}
	return f.all(f.way.Through), nil
}

// settled are the settings of a run in another of its environments.
func (f *flags) settled(opts settings.Options) settings.Options {
	opts.Environment, opts.Namespace, opts.ProductionOverlay = f.at, f.Namespace, f.ProductionOverlay
	return opts
}

// follow has a run go on in further environments, each with a connection of its own.
func follow(ctx context.Context, run *pipeline.Run, further []*flags, opts settings.Options, env pipeline.Environment) error {
	for _, f := range further {
		at, err := f.target(ctx, ofProduction)
		if err != nil {
			return err
		}
		there := env
		there.Build, there.Production = nil, nil
		if err := f.confine(ctx, at, &there); err != nil {
			return err
		}
		there.Build, there.As = env.Build, env.As
		if err := run.Follow(f.app, f.settled(opts), there); err != nil {
			return err
		}
	}
	return nil
}

// checkBehind refuses a version that was rolled back from the environment behind which a run begins, as far as these credentials
// reach that: who did so did not want it to go on.
func (f *flags) checkBehind(ctx context.Context, version string) error {
	before, err := environment.One(f.app.Environments, f.way.After)
	if err != nil {
		return nil // the run begins with the first one, or there is production alone
	}
	there := f.in(before)
	in, err := there.connect(ctx, ofProduction)
	if err != nil {
		return nil
	}
	deploys, err := status.DeploysOf(ctx, in.production, there.Namespace, nil, ago.Since{}.From)
	if err != nil {
		return nil
	}
	if by := history.RolledBack(deploys.Deploys, version); by != nil {
		return &exit.Failure{Code: exit.Admission, Cause: fmt.Sprintf("%s was rolled back from %s to %s, by run %s at %s", version, before.Name, by.Version, by.Run, by.Ended.UTC().Format(time.RFC3339)),
			Try: "let it pass there again: " + before.Pass()}
	}
	return nil
}
