package command

import (
	"time"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/environment"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
)

// commands are the subcommands; without one the pipeline runs.
type commands struct {
	flags

	Run       runCommand       `cmd:"" default:"1" help:"Run the whole pipeline (the default)."`
	Plan      planCommand      `cmd:"" help:"Show what a deploy would change in production; exit code 0: nothing, 4: changes."`
	Status    statusCommand    `cmd:"" help:"Show what runs where: releases, runs in flight, who holds the production lock."`
	History   historyCommand   `cmd:"" help:"Show what became of each deploy to production, and DORA's four keys by month."`
	Diff      diffCommand      `cmd:"" help:"Show what changed between two releases: commits, objects, packages."`
	Rollback  rollbackCommand  `cmd:"" help:"Roll production back to the previous release and verify it with the production tests."`
	Recover   recoverCommand   `cmd:"" help:"Finish or undo what killed runs left behind, in production and in the build namespace."`
	Cleanup   cleanupCommand   `cmd:"" help:"Remove what a run left behind: --run ID, or --stale; or images that nothing needs: --images."`
	Bootstrap bootstrapCommand `cmd:"" help:"Apply what a cluster administrator sets up once: namespaces, service accounts, roles, quota, policies."`
	Init      initCommand      `cmd:"" help:"Write what a repository lacks to be shipped, never over what is there; --check only tells, exit code 4: something is missing."`
	Sandbox   sandboxCommand   `cmd:"" help:"Manage the embedded engine, cluster and registry: up, down, status, reset, env."`

	// Of the program itself. The flag --version is of the application.
	About      versionCommand    `cmd:"" name:"version" help:"Print this program's version, commit, Go and Dagger SDK; --json."`
	Completion completionCommand `cmd:"" help:"Print the script by which a shell completes this command line: bash, zsh or fish."`
	Man        manCommand        `cmd:"" help:"Print this command line's man page."`
	Complete   completeCommand   `cmd:"" name:"__complete" passthrough:"" hidden:"" help:"What a shell may complete."`
}

// flags are shared by all commands; each is an environment variable, too.
type flags struct {
	app    description.Application
	host   Host
	root   string // the top of the repository
	folder string // the application's, below it
	at     string // the environment that the command is in; empty: production alone, or none yet
	way    environment.Way
	words  []string // of these, on the command line

	sandbox **sandbox // that of the command in all environments; nil behind it: not asked yet

	Until       string `values:"build,functional,release,deploy,production" help:"Stop after build, functional, release, deploy or production, or after an environment (default: production, or the last environment); cleanup always runs." placeholder:"STAGE"`
	Source      string `default:"." help:"The application's repository (default: ${default})." placeholder:"DIR"`
	Application string `default:"." help:"The application's folder below --source, of a repository with several (default: ${default}); where --source itself lies in a git repository, all of that is there for builds and overlays." placeholder:"DIR"`
	Version     string `help:"Version to build (default: the git tag, changed where it does not fit a label; without a tag, commit count and short hash)." placeholder:"V"`
	Image       string `help:"Image repository, without a tag (default: in the sandbox's registry)." placeholder:"REF"`

	Engine string `help:"A Dagger engine that runs already: kube-pod://POD?namespace=NAME&context=NAME, tcp://HOST:PORT, unix:///PATH or docker-container://NAME; no other is started (default: the sandbox's, else as the SDK finds or starts one)." placeholder:"REF"`

	Kubeconfig string `help:"Credentials of the cluster; neither KUBECONFIG nor ~/.kube/config is read (default: the sandbox)." placeholder:"FILE"`
	Context    string `help:"Context in --kubeconfig (default: its current context)." placeholder:"NAME"`

	ProductionKubeconfig string `help:"Credentials of production (default: --kubeconfig); not read by a run that stops before deploy." placeholder:"FILE"`
	ProductionContext    string `help:"Context for production (default: --context; with --production-kubeconfig, that file's current context)." placeholder:"NAME"`

	BuildNamespace    string `help:"Namespace of betas (default: the application's name and -build)." placeholder:"NAME"`
	Namespace         string `help:"Namespace of production (default: the application's name)." placeholder:"NAME"`
	BetaOverlay       string `help:"Kustomize overlay of betas, a folder below the application's (default: as described, else kustomize/overlays/beta)." placeholder:"DIR"`
	ProductionOverlay string `help:"Kustomize overlay of production, likewise (default: as described, else kustomize/overlays/production)." placeholder:"DIR"`

	Environment           string            `help:"The environment that a command is about, of those that the application describes; with --from release where the run begins (default: status, history, recover and bootstrap all, the run the first; the others need one)." placeholder:"NAME"`
	Approve               []string          `help:"Environment that need not wait for an approval any more." placeholder:"NAME"`
	EnvironmentKubeconfig map[string]string `help:"Credentials of an environment (default: those of production)." placeholder:"NAME=FILE"`

	Address string `help:"Where users reach the application, scheme and host, where the objects in the cluster do not say so: http://192.0.2.7:8080 (default: found by HTTPRoute, Ingress, Route or Service)." placeholder:"URL"`

	From            string `default:"source" enum:"source,release" help:"What is shipped: source builds and tests it, release takes --version as it was released, by the evidence of its images (default: ${default})." placeholder:"WHAT"`
	ReuseEvidence   bool   `help:"Skip functional tests that passed within a day for the same images, beta overlay, tests and cluster, by the evidence of the images."`
	SignKey         string `help:"Private key that signs what is known of the images, as \"cosign generate-key-pair\" makes it; its password is read from SLIPWAY_SIGN_PASSWORD or COSIGN_PASSWORD (default: a key that is kept in the build namespace)." placeholder:"FILE"`
	Keyless         bool   `help:"Sign by a certificate of Sigstore for this job, without a key: by the CI vendor's token, which needs \"id-token: write\" at GitHub and SIGSTORE_ID_TOKEN elsewhere."`
	WithoutEvidence bool   `help:"Take images into production that nobody accepted says are tested."`

	TakeOver []string `help:"Field managers whose fields in production Slipway takes over: helm, argocd-controller, kustomize-controller, or kubectl for all its commands; fields of theirs that the overlay does not set are removed." placeholder:"MANAGER"`
	Leave    []string `help:"Field in production that Slipway leaves to whoever has set it, such as Deployment/api:spec.replicas." placeholder:"KIND/NAME:FIELD" sep:"none"`
	Prune    []string `help:"Object in production that may be deleted with its data once the overlay no longer has it. Volumes and their claims, namespaces and CRDs are kept unless they are named here." placeholder:"KIND/NAME"`

	// The field is not called Run: that is the name of a command's method.
	RunID        string        `name:"run" help:"This run's id: lower case, fits a label and a name suffix (default: from the CI vendor's variables, else random)." placeholder:"ID"`
	Timeout      time.Duration `default:"30m" help:"Time limit of the whole run."`
	StageTimeout time.Duration `default:"10m" help:"Time limit of each stage."`
	KeepBeta     time.Duration `default:"0s" help:"How long a beta stays up after a failure, so that you can look at it."`

	// Runs that wait for each other must be told the same: for tests, which wait for dead ones.
	Lease time.Duration `default:"0s" hidden:"" help:"How long the production lock lasts once its run is dead."`

	Vendor string `default:"auto" values:"auto,none,github,gitlab,jenkins,circleci,woodpecker,tekton,azure" help:"CI vendor whose variables name the run, branch, actor and URL: auto, none, github, gitlab, jenkins, circleci, woodpecker, tekton, azure (default: ${default})." placeholder:"NAME"`
	Report string `help:"Folder for the reports (default: .slipway/runs/ID)." placeholder:"DIR"`
	Output string `default:"auto" values:"auto,tty,plain,json,github,gitlab,azure" help:"Format of the output: auto, tty, plain, json, github, gitlab, azure (default: ${default})." placeholder:"FORM"`
}

// mode is what --output says.
func (f *flags) mode() (report.Mode, error) {
	mode, err := report.ParseMode(f.Output)
	if err != nil {
		return mode, exit.Usagef("--output: %w", err)
	}
	return mode, nil
}
