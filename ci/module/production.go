package main

import (
	"context"

	"dagger/slipway/internal/dagger"
)

// Tells what a deploy of a released version would change in production, by a dry run on the server.
//
// +cache="never"
func (m *Slipway) Plan(ctx context.Context,
	// The application's repository, with its .git for the version.
	source *dagger.Directory,
	// The application's folder in the source, of a repository with several.
	// +default="."
	application string,
	// The environment, of those that the application describes.
	// +optional
	environment string,
	// The cluster: file:PATH.
	kubeconfig *dagger.Secret,
	// Repository without a tag: registry.example.com/team/app.
	image string,
	// Version to plan: from git, the tag, else commit count and short hash.
	// +optional
	version string,
	// Context of the kubeconfig.
	// +optional
	context string,
	// Credentials of production, where --kubeconfig has those of the build namespace alone: file:PATH.
	// +optional
	productionKubeconfig *dagger.Secret,
	// Context of production's kubeconfig.
	// +optional
	productionContext string,
	// An API server that listens on 127.0.0.1 of your own machine: tcp://127.0.0.1:PORT.
	// +optional
	cluster *dagger.Service,
	// The registry's user.
	// +optional
	registryUser string,
	// The registry's password or token: env:NAME.
	// +optional
	registryPassword *dagger.Secret,
	// Namespace of production; by default the application's name.
	// +optional
	namespace string,
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
	// Return what --output json prints; that name is taken by dagger call.
	// +optional
	asJSON bool,
) (string, error) {
	c := call{source: source, application: application, kubeconfig: kubeconfig, production: productionKubeconfig, cluster: cluster, image: image, user: registryUser, password: registryPassword, ageKey: sopsAgeKey, sops: sops}
	c.flag("version", version).flag("environment", environment).flag("context", context).flag("production-context", productionContext).flag("namespace", namespace).flag("production-overlay", productionOverlay).
		flag("prune", prune...).flag("take-over", takeOver...).flag("leave", leave...).json(asJSON)
	return c.text(ctx, "plan")
}

// Tells what runs where: versions and digests, runs in flight, who holds the production lock.
//
// +cache="never"
func (m *Slipway) Status(ctx context.Context,
	// The application's repository, or any folder with its .slipway.yaml.
	source *dagger.Directory,
	// The application's folder in the source, of a repository with several.
	// +default="."
	application string,
	// The environment, of those that the application describes; by default all.
	// +optional
	environment string,
	// The cluster: file:PATH.
	kubeconfig *dagger.Secret,
	// Context of the kubeconfig.
	// +optional
	context string,
	// Credentials of production, where --kubeconfig has those of the build namespace alone: file:PATH.
	// +optional
	productionKubeconfig *dagger.Secret,
	// Context of production's kubeconfig.
	// +optional
	productionContext string,
	// An API server that listens on 127.0.0.1 of your own machine: tcp://127.0.0.1:PORT.
	// +optional
	cluster *dagger.Service,
	// Namespace of betas; by default the application's name and -build.
	// +optional
	buildNamespace string,
	// Namespace of production; by default the application's name.
	// +optional
	namespace string,
	// Kustomize folder in the source: who made what it has, before a release did.
	// +optional
	productionOverlay string,
	// Return what --output json prints; that name is taken by dagger call.
	// +optional
	asJSON bool,
) (string, error) {
	c := call{source: source, application: application, kubeconfig: kubeconfig, production: productionKubeconfig, cluster: cluster}
	c.flag("environment", environment).flag("context", context).flag("production-context", productionContext).flag("build-namespace", buildNamespace).flag("namespace", namespace).flag("production-overlay", productionOverlay).json(asJSON)
	return c.text(ctx, "status")
}

// Puts production back to the release before, or another one, verified by the production tests; returns the run's reports.
//
// +cache="never"
func (m *Slipway) Rollback(ctx context.Context,
	// The application's repository: its production tests are run.
	source *dagger.Directory,
	// The application's folder in the source, of a repository with several.
	// +default="."
	application string,
	// The environment, of those that the application describes.
	// +optional
	environment string,
	// The cluster: file:PATH.
	kubeconfig *dagger.Secret,
	// Repository without a tag: registry.example.com/team/app.
	image string,
	// The version to go back to; by default the one before.
	// +optional
	to string,
	// Context of the kubeconfig.
	// +optional
	context string,
	// Credentials of production, where --kubeconfig has those of the build namespace alone: file:PATH.
	// +optional
	productionKubeconfig *dagger.Secret,
	// Context of production's kubeconfig.
	// +optional
	productionContext string,
	// An API server that listens on 127.0.0.1 of your own machine: tcp://127.0.0.1:PORT.
	// +optional
	cluster *dagger.Service,
	// Namespace of betas; by default the application's name and -build.
	// +optional
	buildNamespace string,
	// Namespace of production; by default the application's name.
	// +optional
	namespace string,
	// Where users reach the application, scheme and host, where the cluster's objects do not say so.
	// +optional
	address string,
	// The registry's user; without one evidence is read with the credentials of nobody.
	// +optional
	registryUser string,
	// The registry's password or token: env:NAME.
	// +optional
	registryPassword *dagger.Secret,
	// Go back to images that nobody accepted says are tested.
	// +optional
	withoutEvidence bool,
	// This run's id.
	// +optional
	run string,
	// Time limit of the whole run.
	// +default="30m"
	timeout string,
	// Return the reports of a rollback that failed, too: report.json tells the exit code.
	// +optional
	allowFailure bool,
) (*dagger.Directory, error) {
	c := call{source: source, application: application, kubeconfig: kubeconfig, production: productionKubeconfig, cluster: cluster, image: image, user: registryUser, password: registryPassword}
	c.toggle("without-evidence", withoutEvidence).flag("to", to).flag("environment", environment).flag("context", context).flag("production-context", productionContext).flag("build-namespace", buildNamespace).flag("namespace", namespace).flag("run", run).flag("address", address).flag("timeout", timeout)
	return c.report(ctx, allowFailure, "rollback")
}
