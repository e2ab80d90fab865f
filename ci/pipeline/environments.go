package pipeline

import (
	"context"
	"errors"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/attestor"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/settings"
)

// Follow adds the run's next environment, with its own settings and its own connection for production: the same images go there
// once the environments before have passed. Two environments at one place are a usage error.
func (r *Run) Follow(app description.Application, opts settings.Options, env Environment) error {
	opts.Version, opts.Until = r.opts.Version, r.opts.Until
	next := &Run{app: app, opts: opts, env: env, images: r.images, journal: r.journal, report: r.report, follows: true}
	host, _ := env.Production.Server()
	for _, other := range r.legs() {
		if there, _ := other.env.Production.Server(); there == host && other.opts.Namespace == opts.Namespace {
			return exit.Usagef("environments: %s and %s are the same namespace, %s of %s: each needs one of its own", other.opts.Environment, opts.Environment, opts.Namespace, host)
		}
	}
	r.further = append(r.further, next)
	next.introducePlace()
	return nil
}

// legs are the run in its first environment, or where there is one alone, and in those that follow.
func (r *Run) legs() []*Run { return append([]*Run{r}, r.further...) }

// through puts the stages of each environment in the place of deploy and production, of those too that the run does not come to.
func (r *Run) through(stages []Stage) (out []Stage) {
	if r.opts.Environment == "" {
		return stages
	}
	for _, stage := range stages {
		switch {
		case stage.Name == "deploy" && Reaches(r.opts.Until, "deploy"):
			for _, leg := range r.legs() {
				name := leg.opts.Environment
				out = append(out, Stage{Name: leg.as("deploy"), In: leg, Environment: name, Run: leg.Deploy, With: "deploy", Code: stage.Code},
					Stage{Name: leg.as("production"), In: leg, Environment: name, Run: leg.Verify, With: "production", Code: exit.Production})
			}
		case stage.Name == "deploy", stage.Name == "production":
		case stage.Always:
			for _, e := range r.opts.Way.Later {
				for _, stage := range []string{"deploy", "production"} {
					out = append(out, Stage{Name: description.StageIn(e.Name, stage), Environment: e.Name, Skip: e.Why})
				}
			}
			fallthrough
		default:
			out = append(out, stage)
		}
	}
	return out
}

// as is how the run calls a stage, of those that each environment has.
func (r *Run) as(stage string) string {
	return description.StageIn(r.opts.Environment, stage)
}

// Verify is Production in an environment, which the run then leaves to others.
func (r *Run) Verify(ctx context.Context) error {
	if err := r.Production(ctx); err != nil || r.production.recordedLater {
		return err
	}
	return r.pass(ctx)
}

// pass says that the environment has passed, in its history and beside the images, and leaves it.
func (r *Run) pass(ctx context.Context) error {
	if r.opts.Environment == "" {
		return nil // cleanup does, with the rest
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime) // the release is recorded: a signal changes nothing of it
	defer cancel()
	r.noteDeploy(ctx, nil)
	attached := r.journal.EvidenceTime()
	host, _ := r.env.Production.Server()
	r.witness("production").AttachPassed(ctx, attestor.Environment{Name: r.opts.Environment, Stage: r.as("production"), Cluster: host + "/" + r.opts.Namespace})
	attached()
	return r.leave(ctx)
}

// leave ends what the run does in production, or in an environment: others may have the lock.
func (r *Run) leave(ctx context.Context) error {
	if r.left {
		return nil
	}
	r.left = true
	return errors.Join(r.receipt.CompareProduction(ctx, r.lease.Held), r.unlockProduction(ctx))
}

// waitForApproval says for whose approval the run waits that has come to its end without a failure.
func (r *Run) waitForApproval() {
	if r.opts.Way.Waits == "" || r.unchanged != "" {
		return
	}
	r.report.Result, r.report.ExitCode = report.Waiting, exit.Approval
	for _, e := range r.opts.Way.Later {
		r.report.Environments = append(r.report.Environments, report.Environment{Name: e.Name, Namespace: e.Namespace, Result: report.Skipped})
	}
	r.report.Waits = &report.Waits{Environment: r.opts.Way.Waits, Command: r.opts.Way.GoOn(about.Program(), r.opts.Version)}
}

// tellAgain says how the version goes on in the environment in which it failed, where those before have it.
func (r *Run) tellAgain(at *Run) {
	if r.opts.Environment != "" && (r.released || r.promotes) && !at.production.verified && at.opts.Environment != "" {
		r.report.Again = r.opts.Way.Again(about.Program(), r.opts.Version, at.opts.Environment)
	}
}

// tellVersions says which version each environment has, as far as the run knows.
func (r *Run) tellVersions() {
	for i, leg := range r.legs() {
		if leg.opts.Environment == "" || i >= len(r.report.Environments) {
			continue
		}
		e := &r.report.Environments[i]
		if leg.production.former != nil {
			e.Before = leg.production.former.Version
		}
		switch {
		case leg.production.verified:
			e.Version = r.opts.Version
		case r.report.Undo.Error == "":
			e.Version = e.Before
		}
	}
}

// introducePlace puts the run's environment into the report.
func (r *Run) introducePlace() {
	if r.opts.Environment == "" || r.env.Production == nil {
		return
	}
	host, version := r.env.Production.Server()
	r.report.Environments = append(r.report.Environments, report.Environment{Name: r.opts.Environment, Approved: r.opts.Way.Approved(r.opts.Environment), Namespace: r.opts.Namespace, Cluster: host + " " + version, As: r.env.ProductionAs})
}
