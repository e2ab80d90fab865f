package main

import (
	"context"

	"dagger/slipway/internal/dagger"
)

// Tells what became of each deploy to production, good and bad, and DORA's four keys by month.
//
// +cache="never"
func (m *Slipway) History(ctx context.Context,
	// The application's repository, with its .git for the commits of each release.
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
	// Namespace of production; by default the application's name.
	// +optional
	namespace string,
	// Only what ended since then: a day, a time, or how long ago, as in 2026-01-31, 2026-01-31T08:00:00Z, 30d or 36h.
	// +optional
	since string,
	// Return what --output json prints; that name is taken by dagger call.
	// +optional
	asJSON bool,
) (string, error) {
	c := call{source: source, application: application, kubeconfig: kubeconfig, production: productionKubeconfig, cluster: cluster}
	c.flag("environment", environment).flag("context", context).flag("production-context", productionContext).flag("namespace", namespace).flag("since", since).json(asJSON)
	return c.text(ctx, "history")
}

// Tells what changed between two releases: commits, objects, packages.
//
// +cache="never"
func (m *Slipway) Diff(ctx context.Context,
	// The version to begin with, of those that history shows.
	from string,
	// The version to end with.
	to string,
	// The application's repository, with its .git for the commits.
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
	// Return what --output json prints; that name is taken by dagger call.
	// +optional
	asJSON bool,
) (string, error) {
	c := call{source: source, application: application, kubeconfig: kubeconfig, production: productionKubeconfig, cluster: cluster, image: image, user: registryUser, password: registryPassword}
	c.flag("environment", environment).flag("context", context).flag("production-context", productionContext).flag("namespace", namespace).json(asJSON)
	return c.text(ctx, "diff", from, to)
}
