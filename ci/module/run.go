package main

import (
	"context"
	"slices"

	"dagger/slipway/internal/dagger"

	"github.com/slipway-cd/slipway/ci/pipeline"
)

// Carries the source to verified production and returns the run's reports: report.html, report.json, junit.xml, summary.md, logs.
//
// A run that fails puts production back as it was, and is an error of this function that tells the cause and the exit code.
//
// +cache="never"
func (m *Slipway) Run(ctx context.Context,
	// The application's repository, with its .git for version and history.
	source *dagger.Directory,
	// The application's folder in the source, of a repository with several.
	// +default="."
	application string,
	// The cluster, with the rights of the build namespace's account: file:PATH.
	kubeconfig *dagger.Secret,
	// Repository without a tag: registry.example.com/team/app.
	image string,
	// Stop after build, functional, release, deploy or production, or after an environment; by default production, or the last
	// environment. Cleanup always runs.
	// +optional
	until string,
	// Version to build: from git, the tag, else commit count and short hash.
	// +optional
	version string,
	// Context of the kubeconfig.
	// +optional
	context string,
	// The environment to begin with, of those that the application describes, with --from release.
	// +optional
	environment string,
	// Environment that need not wait for an approval any more.
	// +optional
	approve []string,
	// Credentials of production, where --kubeconfig has those of the build namespace alone, with the contexts of all environments:
	// file:PATH.
	// +optional
	productionKubeconfig *dagger.Secret,
	// Context of production's kubeconfig.
	// +optional
	productionContext string,
	// An API server that listens on 127.0.0.1 of your own machine, as the kubeconfig says: tcp://127.0.0.1:PORT.
	// +optional
	cluster *dagger.Service,
	// The registry's user; without one the push uses the credentials of `docker login`.
	// +optional
	registryUser string,
	// The registry's password or token: env:NAME.
	// +optional
	registryPassword *dagger.Secret,
	// Namespace of betas; by default the application's name and -build.
	// +optional
	buildNamespace string,
	// Namespace of production; by default the application's name.
	// +optional
	namespace string,
	// Where users reach the application, scheme and host, where the cluster's objects do not say so.
	// +optional
	address string,
	// Kustomize folder of the application; by default as described, else kustomize/overlays/beta.
	// +optional
	betaOverlay string,
	// Kustomize folder of the application; by default as described, else kustomize/overlays/production.
	// +optional
	productionOverlay string,
	// Object in production that may be deleted with its data once the overlay no longer has it: KIND/NAME.
	// +optional
	prune []string,
	// Field managers whose fields in production Slipway takes over: helm, kubectl, ...
	// +optional
	takeOver []string,
	// Field in production that Slipway leaves to whoever has set it: KIND/NAME:FIELD.
	// +optional
	leave []string,
	// The age key that opens what SOPS encrypted in the overlays: env:SOPS_AGE_KEY.
	// +optional
	sopsAgeKey *dagger.Secret,
	// The program sops; by default that of its published image.
	// +optional
	sops *dagger.File,
	// What is shipped: source builds and tests it, release takes the version as it was released, by the evidence of its images.
	// +default="source"
	from string,
	// Skip functional tests that passed within a day for the same images, beta overlay, tests and cluster, by the evidence of the images.
	// +optional
	reuseEvidence bool,
	// Private key that signs what is known of the images, as cosign makes it: file:PATH; by default one that is kept in the build namespace.
	// +optional
	signKey *dagger.Secret,
	// Its password: env:COSIGN_PASSWORD.
	// +optional
	signPassword *dagger.Secret,
	// Sign keyless, by the CI vendor's identity token for the audience sigstore: env:SIGSTORE_ID_TOKEN.
	// +optional
	idToken *dagger.Secret,
	// Where GitHub gives such a token, ACTIONS_ID_TOKEN_REQUEST_URL: the token is then what asks there, env:ACTIONS_ID_TOKEN_REQUEST_TOKEN.
	// +optional
	idTokenRequestUrl string,
	// The secrets that steps of the description refer to, by the same references: env://NAME, once for each.
	// +optional
	stepSecrets []*dagger.Secret,
	// Take images into production that nobody accepted says are tested.
	// +optional
	withoutEvidence bool,
	// This run's id: lower case, fits a label and a name suffix; random by default.
	// +optional
	run string,
	// Time limit of the whole run.
	// +default="30m"
	timeout string,
	// Time limit of each stage.
	// +default="10m"
	stageTimeout string,
	// How long a beta stays up after a failure, so that you can look at it.
	// +default="0s"
	keepBeta string,
	// Return the reports of a run that failed, too: report.json tells the exit code.
	// +optional
	allowFailure bool,
) (*dagger.Directory, error) {
	if until != "" && slices.Contains(pipeline.StageNames(), until) && !pipeline.Reaches(until, "deploy") {
		productionKubeconfig = nil // not even read
	}
	c := call{source: source, application: application, kubeconfig: kubeconfig, production: productionKubeconfig, cluster: cluster, image: image, user: registryUser, password: registryPassword, ageKey: sopsAgeKey, sops: sops, signKey: signKey, signPassword: signPassword, idToken: idToken, idTokenURL: idTokenRequestUrl, stepSecrets: stepSecrets}
	c.toggle("reuse-evidence", reuseEvidence).toggle("without-evidence", withoutEvidence).flag("from", from)
	c.flag("until", until).flag("environment", environment).flag("approve", approve...).flag("version", version).flag("context", context).flag("production-context", productionContext).flag("build-namespace", buildNamespace).flag("namespace", namespace).
		flag("beta-overlay", betaOverlay).flag("production-overlay", productionOverlay).flag("prune", prune...).flag("take-over", takeOver...).flag("leave", leave...).flag("run", run).flag("address", address).
		flag("timeout", timeout).flag("stage-timeout", stageTimeout).flag("keep-beta", keepBeta)
	return c.report(ctx, allowFailure, "run")
}

// Runs static checks and unit tests and returns the image that they let pass. It is not pushed.
func (m *Slipway) Build(ctx context.Context,
	// The application's repository, with its .git for the version.
	source *dagger.Directory,
	// The application's folder in the source, of a repository with several.
	// +default="."
	application string,
	// Version to build: from git, the tag, else commit count and short hash.
	// +optional
	version string,
) (*dagger.Container, error) {
	c := call{source: source, application: application}
	return c.flag("version", version).built(ctx)
}
