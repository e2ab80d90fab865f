// Package settings are those of a run, as flags and the CI vendor give them, and which of their values cannot be. It knows no stage.
package settings

import (
	"time"

	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/environment"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/signing"
)

// Options are the settings of a run. Check validates them.
type Options struct {
	Run     string // this run's id: lower case, fits a label and a name suffix
	Version string // tags are VERSION-beta, then VERSION and latest
	Commit  string
	Derived bool            // Version follows from the commit, and nobody has given it
	Built   time.Time       // the commit's time, so that building twice gives the same digest
	History commits.History // of the commits before it
	Git     history.Git     // tells how commits follow each other, for lead times
	Vendor  string          // the CI vendor, empty on a person's machine
	Branch  string          // as the vendor names it
	Actor   string          // who started the vendor's run
	Person  string          // who runs it on a machine of their own
	RunURL  string          // of the vendor's run
	Image   string          // repository of the first image, without a tag

	Evidence signing.Vouching

	Address string // URL where users reach the application, without a path; empty: it is found

	Way         environment.Way // through which environments; the zero value where there is production alone
	Environment string          // the one that the settings below are for

	BuildNamespace, Namespace      string
	BetaOverlay, ProductionOverlay string

	Prune []string // objects that may be pruned from production with their data, as "PersistentVolumeClaim/data"

	TakeOver []string // field managers whose fields in production we take over; "kubectl": all its commands
	Leave    []string // fields in production that we leave to others, as "Deployment/api:spec.replicas"

	Until        string // stop after this stage
	StageTimeout time.Duration
	KeepBeta     time.Duration // how long a beta stays up after a failure
}
