// Package pipeline carries one version of an application from source to
// verified production in six stages; Stages lists them in order.
//
// It takes a connected engine and plain values, so that a program and a Dagger
// module can share it, and never asks for the host it runs on.
package pipeline

import (
	"context"
	"io/fs"
	"slices"
	"time"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// Options are what a run is told; Check tells what is wrong with them.
type Options struct {
	Run     string // this run's id: lower case, fits a label and a name suffix
	Version string // tags are VERSION-beta, then VERSION and latest
	Commit  string
	Built   time.Time // the commit's time: what is built twice carries the same
	History History   // of the commits before it
	Vendor  string    // the CI vendor, empty on a person's machine
	Branch  string    // as the vendor names it
	Actor   string    // who started the vendor's run
	RunURL  string    // of the vendor's run
	Image   string    // repository without a tag

	BuildNamespace, Namespace      string
	BetaOverlay, ProductionOverlay string

	Prune []string // claims, namespaces and definitions that production may lose, as "PersistentVolumeClaim/data"

	TakeOver []string // field managers whose fields of production's objects become ours; "kubectl": all its commands
	Leave    []string // fields of production's objects that stay as others have set them, as "Deployment/api:spec.replicas"

	Until        string // stop after this stage
	StageTimeout time.Duration
	KeepBeta     time.Duration // leave the beta up for so long after a failure
}

// Environment is what a run works with.
type Environment struct {
	Engine    Engine
	Reconnect func(context.Context) (Engine, error) // a new session: Ctrl-C in a terminal ends the former, too
	EngineLog *EngineLog
	Tree      fs.FS // the application's repository, for kustomize
	// Build has the rights of a beta, for what is done in the build namespace, and
	// Production those of a deploy. A run that does nothing in one of them has no
	// connection there: nil.
	Build, Production *cluster.Cluster
	// As is the account that Build impersonates, ProductionAs that of Production;
	// empty: the credentials' own.
	As, ProductionAs string
	Registry         *image.Registry
	Dir              *report.Dir // set by Execute
	Printer          report.Printer
	Tracer           *trace.Tracer // may be nil
}

// Engine is a session of the engine.
type Engine struct {
	Source *dagger.Directory              // the application's repository
	Tunnel func(port int) *dagger.Service // leads from a container to a port of this process's 127.0.0.1
	// Login adds the registry's credentials to a container that is about to be pushed.
	Login func(*dagger.Container) *dagger.Container
	Close func() error
}

// Stage is one step of a run. Run returns nil, or why it failed.
type Stage struct {
	Name   string
	Run    func(ctx context.Context) error
	Always bool          // also after a failure, an interrupt or --until
	Time   time.Duration // that it may take; 0: --stage-timeout
	Code   int           // exit code of a failure that says nothing of itself
}

// Run is one run of the pipeline. Each of the fields below env is written by
// one stage and read by later ones; what only one concern needs has a type of its own.
type Run struct {
	app        Application
	opts       Options
	env        Environment
	repository image.Repository

	report report.Report
	detail string // of the stage under way, for its final line

	heard timeline      // of the stage under way, for the reports
	ran   []report.Test // the same

	onEngine, waiting time.Duration // spent on others so far

	outdated error    // by Preflight: production runs a newer commit already
	receipt  *receipt // by Preflight: the state before the run; nil: not compared

	tests  *dagger.Container // by build: holds the compiled tests
	digest string            // by build: the image, tested and shipped under this digest

	beta  beta       // by functional
	stale chan error // by Execute: removal of killed runs' betas under way

	behind     bool       // by LookBehind: a killed run may have left production changed
	lock       hold       // by deploy
	back       wayBack    // by deploy
	production production // by deploy
}

// Stages returns the pipeline: what an experienced engineer would do by hand, in this order.
func (r *Run) Stages() []Stage {
	return []Stage{
		{Name: "build", Run: r.Build, Code: ExitBuild},                // checks and unit tests first, then the image, pushed as VERSION-beta
		{Name: "functional", Run: r.Functional, Code: ExitFunctional}, // a beta of its own, tested inside and outside, then removed
		{Name: "release", Run: r.Release, Code: ExitBuild},            // the tested digest gets the tags VERSION and latest
		{Name: "deploy", Run: r.Deploy, Code: ExitAdmission},          // production overlay by digest, rolling update, waited for
		{Name: "production", Run: r.Production, Code: ExitProduction}, // light tests where users are; failure puts production back
		{Name: "cleanup", Run: r.Cleanup, Code: exitUnknown, Always: true, Time: cleanupTime},
	}
}

// StageNames returns the names that --until takes: all stages but cleanup, which always runs.
func StageNames() []string {
	var names []string
	for _, stage := range (&Run{}).Stages() {
		if !stage.Always {
			names = append(names, stage.Name)
		}
	}
	return names
}

// Reaches reports whether a run with this --until executes a stage.
func Reaches(until, stage string) bool {
	names := StageNames()
	return slices.Index(names, until) >= slices.Index(names, stage)
}

// engineTime and waitTime count what the run spends on others; call what they
// return when that ends.
func (r *Run) engineTime() func() { return spend(&r.onEngine) }
func (r *Run) waitTime() func()   { return spend(&r.waiting) }

func spend(total *time.Duration) func() {
	start := time.Now()
	return func() { *total += time.Since(start) }
}

// note tells what the stage under way does now.
func (r *Run) note(stage, text string) { r.env.Printer.Note(stage, text) }
