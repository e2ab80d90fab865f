// Package pipeline builds one version of an application, tests it, deploys it and
// verifies it in production, in six stages; Stages lists them in order.
//
// It takes a connected engine and plain values, so that a program and a Dagger
// module can share it, and never asks for the host it runs on.
package pipeline

import (
	"context"
	"io/fs"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attestor"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/deadline"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/journal"
	"github.com/slipway-cd/slipway/ci/overlay"
	"github.com/slipway-cd/slipway/ci/receipt"
	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/settings"
	"github.com/slipway-cd/slipway/ci/trace"
)

// Environment holds the connections that a run works with.
type Environment struct {
	Engine    *engine.Session
	Reconnect func(context.Context) (*engine.Session, error) // opens a new session: Ctrl-C in a terminal ends the first one
	EngineLog *engine.Log
	Tree      fs.FS // the application's repository, for kustomize
	// Build is the connection for the build namespace and Production that for
	// production, each with the rights of its service account. It is nil if the run
	// does nothing there.
	Build, Production *cluster.Cluster
	// As is the service account that Build impersonates, and ProductionAs that of
	// Production; empty if the credentials are already those of the account.
	As, ProductionAs string
	Registry         *image.Registry
	Dir              *report.Dir // set by Execute
	Printer          report.Printer
	Tracer           *trace.Tracer  // may be nil
	Metrics          *trace.Metrics // may be nil
}

// Stage is one step of a run. Run returns nil, or why it failed.
type Stage struct {
	Name        string
	Run         func(ctx context.Context) error
	In          *Run   // whose stage it is, in an environment that follows the first; nil: the run's own
	Environment string // the name of that environment, or of the first
	Skip        string // why it does not run; empty: it does

	Always   bool          // also after a failure, an interrupt or --until
	Optional bool          // its failure is only reported
	With     string        // the stage with which --until reaches this one, too
	Time     time.Duration // that it may take; 0: --stage-timeout
	Code     int           // exit code of a failure that does not imply one
}

// Run is one run of the pipeline. Each of the fields below env is written by
// one stage and read by later ones; what only one concern needs has a type of its own.
type Run struct {
	app    description.Application
	opts   settings.Options
	env    Environment
	images []artifact.Image // their digests by build
	proof  attestor.Proof   // by build and functional

	report *report.Report
	detail string // of the stage under way, for its final line

	journal *journal.Journal
	atWork  deadline.AtWork // whom the stage under way waits for

	outdated  error            // by Preflight: production runs a newer commit already
	unchanged string           // by Preflight: why there is nothing to ship
	receipt   *receipt.Receipt // by Preflight: the state before the run; nil: not compared

	promotes  bool // by Promote: the images were released before
	rollsBack bool // by NewRollback

	beta  beta       // by functional
	stale chan error // by Execute: removal of killed runs' betas under way

	sweeping journal.Background // what that waits for

	pushed   bool // by build: images of this run may be in the registry
	released bool // by release: they have other tags than a beta's

	further []*Run // by Follow: the run in the environments after its first one
	follows bool   // it is one of those
	left    bool   // by leave: production is left to others

	behind     bool        // by LookBehind: a killed run may have left production changed
	lease      *lock.Lease // by deploy: the production lock
	locked     time.Time   // when a deploy or a rollback got it
	toldLost   bool        // its loss has been reported
	stopped    bool        // by Execute: a signal ended the engine's session
	back       wayBack     // by deploy
	production production  // by deploy
}

// Stages returns the stages of the pipeline in order, with the application's steps between them; deploy and production once for each
// environment.
func (r *Run) Stages() []Stage {
	return r.place([]Stage{
		{Name: "build", Run: r.Build, Code: exit.Build},                // checks and unit tests first, then the image, pushed as VERSION-beta
		{Name: "functional", Run: r.Functional, Code: exit.Functional}, // a beta of its own, tested inside the cluster and from outside, then removed
		{Name: "release", Run: r.Release, Code: exit.Build},            // the tested digest gets the tags VERSION and latest
		{Name: "deploy", Run: r.Deploy, Code: exit.Admission},          // production overlay by digest, rolling update, waited for
		{Name: "production", Run: r.Production, Code: exit.Production}, // light tests where users are; failure puts production back
		{Name: "cleanup", Run: r.Cleanup, Code: exit.Unknown, Always: true, Time: cleanupTime},
	})
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

// Reaches reports whether a run with this value of --until executes the stage.
func Reaches(until, stage string) bool {
	names := StageNames()
	return slices.Index(names, until) >= slices.Index(names, stage)
}

// note prints what the running stage is doing.
func (r *Run) note(stage, text string) { r.journal.Note(r.as(stage), text) }

// overlays are the application's, for this run.
func (r *Run) overlays() overlay.Overlays {
	return overlay.Overlays{App: r.app, Tree: r.env.Tree, Run: r.opts.Run, Version: r.opts.Version, Beta: r.opts.BetaOverlay, Production: r.opts.ProductionOverlay,
		BuildNamespace: r.opts.BuildNamespace, Namespace: r.opts.Namespace, Closed: !Reaches(r.opts.Until, "functional")}
}
