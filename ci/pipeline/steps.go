package pipeline

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/step"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// place is where a step stands among the stages, and how it fails.
type place struct {
	stage  string // that it belongs to
	before bool
	code   int
}

var places = map[string]place{
	description.AfterBuild:      {"build", false, exit.Build},
	description.BeforeRelease:   {"release", true, exit.Build},
	description.BeforeDeploy:    {"deploy", true, exit.Production},
	description.AfterDeploy:     {"deploy", false, exit.Production},
	description.AfterProduction: {"production", false, exit.Production},
	description.Always:          {"cleanup", true, exit.Unknown},
}

// place puts the application's steps, but for those at except, between stages.
func (r *Run) place(stages []Stage, except ...string) (out []Stage) {
	stages = r.through(stages)
	if len(r.app.Steps) == 0 {
		return stages
	}
	build := stages[0].Run
	stages[0].Run = func(ctx context.Context) error {
		var images errgroup.Group
		images.Go(func() error { return r.readySteps(ctx, except) })
		err := build(ctx)
		return cmp.Or(err, images.Wait())
	}
	for _, stage := range stages {
		at := cmp.Or(stage.In, r)
		after := at.steps(stage, false, except)
		out = append(append(append(out, at.steps(stage, true, except)...), stage), after...)
		if stage.is("production") && len(after) > 0 { // what these find counts before the release does
			at.production.recordedLater = true
			out = append(out, Stage{Name: at.as("record"), In: stage.In, Environment: stage.Environment, Run: at.Record, With: "production", Code: exit.Production})
		}
	}
	return out
}

// steps are those before a stage, or after it.
func (r *Run) steps(stage Stage, before bool, except []string) (out []Stage) {
	for _, s := range r.app.Steps {
		at := places[s.At]
		if !stage.is(at.stage) || at.before != before || slices.Contains(except, s.At) || !s.In(stage.Environment) {
			continue
		}
		out = append(out, Stage{Name: s.StageIn(stage.Environment), In: stage.In, Environment: stage.Environment, With: at.stage, Always: stage.Always, Time: stage.Time, Code: at.code, Optional: s.Optional,
			Run: func(ctx context.Context) error { return r.runStep(ctx, s.As(s.StageIn(stage.Environment))) }})
	}
	return out
}

// is reports whether a stage is the named one, in any environment.
func (s Stage) is(name string) bool {
	return s.Skip == "" && (s.Name == name || s.In != nil && s.With == name)
}

// wanted are the steps that the run comes to if nothing fails.
func (r *Run) wanted(except []string) (out []description.Step) {
	for _, s := range r.app.Steps {
		somewhere := slices.ContainsFunc(r.legs(), func(leg *Run) bool { return s.In(leg.opts.Environment) })
		if somewhere && !slices.Contains(except, s.At) && (s.At == description.Always || Reaches(r.opts.Until, places[s.At].stage)) {
			out = append(out, s)
		}
	}
	return out
}

// readySteps has their images at hand before anything is changed.
func (r *Run) readySteps(ctx context.Context, except []string) error {
	var images errgroup.Group
	for _, s := range r.wanted(except) {
		images.Go(func() error { return r.stepRunner().Ready(ctx, s) })
	}
	return images.Wait()
}

func (r *Run) stepRunner() step.Runner {
	return step.Runner{Builder: r.builder(), Dir: r.env.Dir, Log: r.env.EngineLog}
}

// runStep runs a step with what is known, under the production lock where the run has that.
func (r *Run) runStep(ctx context.Context, s description.Step) error {
	given := step.Given{Image: r.images[0].Repo.String(), Report: *r.report}
	if digest := r.images[0].Digest; digest != artifact.NoDigest {
		given.Digest = digest
	}
	if s.PerEnvironment() {
		given.Environment = r.opts.Environment
	}
	switch s.At {
	case description.AfterDeploy, description.AfterProduction:
		ctx, done := r.lease.Under(ctx)
		defer done()
		reached, err := front.Of(r.app, r.production.objects, "")
		if err != nil {
			return err
		}
		tester := r.tester(r.env.Production, s.Name, r.opts.Version, r.production.objects, reached)
		tester.Found = func(stage, url, foundBy string) {} // production tells it
		return tester.Visit(ctx, func(ctx context.Context, at testrun.Place) error {
			given.Address, given.Names = at.Address, at.Names
			return r.withGiven(ctx, s, given)
		})
	case description.Always:
		given.Report.Result, given.Address = r.report.SoFar(), r.report.LastAddress()
		if r.stopped || r.env.Engine.Lost() { // the session went with the signal
			if err := r.renewEngine(ctx); err != nil {
				return err
			}
			defer func() { _ = r.env.Engine.Close() }()
		}
	}
	return r.withGiven(ctx, s, given)
}

func (r *Run) withGiven(ctx context.Context, s description.Step, given step.Given) error {
	defer r.journal.EngineTime()()
	r.note(s.Name, strings.TrimSpace("run the step "+given.Address))
	outcome, err := r.stepRunner().Run(ctx, s, given)
	r.journal.Ran(outcome.Tests...)
	r.detail = outcome.String()
	if failed := (*exit.Failure)(nil); errors.As(err, &failed) && failed.Code == exit.Build {
		failed.Code = places[s.At].code
	}
	return err
}
