package main

import (
	"context"
	"strconv"

	"dagger/slipway/internal/dagger"
)

// Finishes or undoes what killed runs left behind, in production and in the build namespace; returns the run's reports.
//
// +cache="never"
func (m *Slipway) Recover(ctx context.Context,
	// The application's repository: its production tests are run.
	source *dagger.Directory,
	// The application's folder in the source, of a repository with several.
	// +default="."
	application string,
	// The environment, of those that the application describes; by default all.
	// +optional
	environment string,
	// The cluster: file:PATH.
	kubeconfig *dagger.Secret,
	// Repository without a tag: registry.example.com/team/app.
	image string,
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
	// Return the reports of a recovery that failed, too: report.json tells the exit code.
	// +optional
	allowFailure bool,
) (*dagger.Directory, error) {
	c := call{source: source, application: application, kubeconfig: kubeconfig, production: productionKubeconfig, cluster: cluster, image: image}
	c.flag("environment", environment).flag("context", context).flag("production-context", productionContext).flag("build-namespace", buildNamespace).flag("namespace", namespace)
	return c.report(ctx, allowFailure, "recover")
}

// Removes what one run, or every run that no longer lives, left in the build namespace; or images of betas that nothing needs.
//
// +cache="never"
func (m *Slipway) Cleanup(ctx context.Context,
	// The application's repository, or any folder with its .slipway.yaml.
	source *dagger.Directory,
	// The application's folder in the source, of a repository with several.
	// +default="."
	application string,
	// The cluster: file:PATH.
	kubeconfig *dagger.Secret,
	// The run whose leftovers go.
	// +optional
	run string,
	// Of every run whose process gives no sign of life.
	// +optional
	stale bool,
	// Remove images that have only -beta tags and that no release, no undo, no run in flight and no pod needs.
	// +optional
	images bool,
	// Of images: the newest so many of each repository stay.
	// +default=10
	keep int,
	// Of images: only what is older goes: 14d, 36h.
	// +optional
	older string,
	// Of images: tell what would go, and remove nothing.
	// +optional
	plan bool,
	// Of images: repository without a tag: registry.example.com/team/app.
	// +optional
	image string,
	// The registry's user.
	// +optional
	registryUser string,
	// The registry's password or token: env:NAME.
	// +optional
	registryPassword *dagger.Secret,
	// Of images: credentials of production, where --kubeconfig has those of the build namespace alone: file:PATH.
	// +optional
	productionKubeconfig *dagger.Secret,
	// Context of production's kubeconfig.
	// +optional
	productionContext string,
	// Context of the kubeconfig.
	// +optional
	context string,
	// An API server that listens on 127.0.0.1 of your own machine: tcp://127.0.0.1:PORT.
	// +optional
	cluster *dagger.Service,
	// Namespace of betas; by default the application's name and -build.
	// +optional
	buildNamespace string,
	// Namespace of production; by default the application's name.
	// +optional
	namespace string,
) (string, error) {
	c := call{source: source, application: application, kubeconfig: kubeconfig, production: productionKubeconfig, cluster: cluster, image: image, user: registryUser, password: registryPassword}
	c.flag("run", run).flag("context", context).flag("production-context", productionContext).flag("build-namespace", buildNamespace).flag("namespace", namespace).
		toggle("stale", stale).toggle("images", images).flag("older", older).toggle("plan", plan)
	if images {
		c.flag("keep", strconv.Itoa(keep))
	}
	return c.text(ctx, "cleanup")
}

// Applies what a cluster administrator gives a pipeline once: namespaces, accounts, roles, quota, policies.
//
// +cache="never"
func (m *Slipway) Bootstrap(ctx context.Context,
	// The application's repository.
	source *dagger.Directory,
	// The application's folder in the source, of a repository with several.
	// +default="."
	application string,
	// The environment, of those that the application describes; by default all.
	// +optional
	environment string,
	// The cluster, with an administrator's rights; not needed to print.
	// +optional
	kubeconfig *dagger.Secret,
	// Return the YAML for review instead of applying it; with a kubeconfig only what that cluster lacks.
	// +optional
	print bool,
	// Give namespaces that were there before bootstrap what new ones get, too: quota, limits, network policies, Pod Security labels.
	// +optional
	harden bool,
	// Context of the kubeconfig.
	// +optional
	context string,
	// An API server that listens on 127.0.0.1 of your own machine: tcp://127.0.0.1:PORT.
	// +optional
	cluster *dagger.Service,
	// Namespace of betas; by default the application's name and -build.
	// +optional
	buildNamespace string,
	// Namespace of production; by default the application's name.
	// +optional
	namespace string,
) (string, error) {
	c := call{source: source, application: application, kubeconfig: kubeconfig, cluster: cluster}
	c.flag("environment", environment).flag("context", context).flag("build-namespace", buildNamespace).flag("namespace", namespace).toggle("print", print).toggle("harden", harden)
	return c.text(ctx, "bootstrap")
}
