package command

import (
	"time"

	"github.com/slipway-cd/slipway/ci/pipeline"
	"github.com/slipway-cd/slipway/ci/report"
)

// commands are the subcommands of interface.md; without one the pipeline runs.
type commands struct {
	flags

	Run       runCommand       `cmd:"" default:"1" help:"The whole pipeline (this is the default)."`
	Plan      planCommand      `cmd:"" help:"What a deploy would change in production; exit 0 nothing, 4 changes."`
	Status    statusCommand    `cmd:"" help:"What runs where: releases, runs in flight, who holds the production lock."`
	Rollback  rollbackCommand  `cmd:"" help:"Put production back to the release before, verified by the production tests."`
	Recover   recoverCommand   `cmd:"" help:"Finish or undo what killed runs left behind, in production and in the build namespace."`
	Cleanup   cleanupCommand   `cmd:"" help:"Remove what a run left behind: --run ID, or --stale."`
	Bootstrap bootstrapCommand `cmd:"" help:"What a cluster administrator applies once: namespaces, service accounts, roles, quota, policies."`
	Sandbox   sandboxCommand   `cmd:"" help:"The embedded engine, cluster and registry: up, down, status, reset, env."`
}

// flags are shared by all commands; each is an environment variable, too.
type flags struct {
	app  pipeline.Application
	host Host

	Until   string `default:"production" help:"Stop after build, functional, release, deploy or production (default: ${default}); cleanup always runs." placeholder:"STAGE"`
	Source  string `default:"." help:"The application's repository (default: ${default})." placeholder:"DIR"`
	Version string `help:"Version to build (default: from git: the tag, made fit, else commit count and short hash)." placeholder:"V"`
	Image   string `help:"Repository without a tag (default: the sandbox's registry)." placeholder:"REF"`

	Kubeconfig string `help:"The cluster, never guessed from a current context (default: the sandbox)." placeholder:"FILE"`
	Context    string `help:"Context of the kubeconfig." placeholder:"NAME"`

	ProductionKubeconfig string `help:"Credentials of production (default: --kubeconfig); not so much as opened by a run that ends before it." placeholder:"FILE"`
	ProductionContext    string `help:"Context of production's kubeconfig (default: --context, for another file its own current context)." placeholder:"NAME"`

	BuildNamespace    string `help:"Where betas live (default: the application's name and -build)." placeholder:"NAME"`
	Namespace         string `help:"Where production lives (default: the application's name)." placeholder:"NAME"`
	BetaOverlay       string `default:"kustomize/overlays/beta" help:"Kustomize folder below --source (default: ${default})." placeholder:"DIR"`
	ProductionOverlay string `default:"kustomize/overlays/production" help:"Kustomize folder below --source (default: ${default})." placeholder:"DIR"`

	TakeOver []string `help:"Whose fields of production's objects become Slipway's: helm, argocd-controller, kustomize-controller, or kubectl for all its commands; what they set and the overlay does not have goes." placeholder:"MANAGER"`
	Leave    []string `help:"What stays as somebody else has set it in production, as in Deployment/api:spec.replicas." placeholder:"KIND/NAME:FIELD" sep:"none"`
	Prune    []string `help:"What production may lose although its data goes with it, once an overlay no longer has it; claims, namespaces and definitions stay otherwise." placeholder:"KIND/NAME"`

	// The field is not called Run: that is the name of a command's method.
	RunID        string        `name:"run" help:"This run's id: lower case, fits a label and a name suffix (default: made; from the CI vendor's variables when there)." placeholder:"ID"`
	Timeout      time.Duration `default:"30m" help:"Time for the whole run."`
	StageTimeout time.Duration `default:"10m" help:"Time for one stage."`
	KeepBeta     time.Duration `default:"0s" help:"Leave the beta up for so long after a failure, for a look."`

	Vendor string `default:"auto" help:"The CI vendor whose variables tell run, branch, actor and URL: auto, none, github, gitlab, jenkins, circleci, woodpecker, tekton, azure (default: ${default})." placeholder:"NAME"`
	Report string `help:"Where reports go (default: .slipway/runs/ID)." placeholder:"DIR"`
	Output string `default:"auto" help:"What the terminal gets: auto, tty, plain, json, github, gitlab, azure (default: ${default})." placeholder:"FORM"`
}

// mode is what --output says.
func (f *flags) mode() (report.Mode, error) {
	mode, err := report.ParseMode(f.Output)
	if err != nil {
		return mode, pipeline.Usage("--output: %w", err)
	}
	return mode, nil
}
