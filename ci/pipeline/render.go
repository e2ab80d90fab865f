package pipeline

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// betaPath is where this run's beta answers.
func (r *Run) betaPath() string { return r.app.BetaPath + "/" + r.opts.Run }

// betaService is the Service of this run's beta.
func (r *Run) betaService() string { return r.app.Service + "-" + r.opts.Run }

// renderBeta returns this run's own copy of the application: its names end in
// the run, its selectors hold the run, it answers below the run's path.
func (r *Run) renderBeta(digest string) ([]*unstructured.Unstructured, error) {
	return manifest.Render(r.env.Tree, r.opts.BetaOverlay, manifest.Layer{
		Namespace:      r.opts.BuildNamespace,
		NameSuffix:     "-" + r.opts.Run,
		Labels:         r.labels(),
		SelectorLabels: map[string]string{cluster.LabelRun: r.opts.Run},
		Images:         r.images(digest),
		Components:     r.app.PerRun,
		Values:         r.values(r.betaPath()),
	})
}

// renderProduction returns what production shall hold.
func (r *Run) renderProduction(digest string) ([]*unstructured.Unstructured, error) {
	labels := r.labels()
	labels[cluster.LabelRun] = r.opts.Run
	return manifest.Render(r.env.Tree, r.opts.ProductionOverlay, manifest.Layer{
		Namespace: r.opts.Namespace,
		Labels:    labels,
		Images:    r.images(digest),
	})
}

func (r *Run) labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":    r.app.Name,
		"app.kubernetes.io/version": r.opts.Version,
		cluster.LabelManagedBy:      cluster.FieldManager,
	}
}

func (r *Run) images(digest string) []manifest.Image {
	return []manifest.Image{{Name: r.app.Name, Repository: r.repository.String(), Digest: digest}}
}

func (r *Run) values(path string) map[string]string {
	return map[string]string{"run": r.opts.Run, "path": path, "namespace": r.opts.Namespace, "buildNamespace": r.opts.BuildNamespace}
}
