package pipeline

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// suffix ends the names of this run's beta.
func (r *Run) suffix() string { return "-" + r.opts.Run }

// renderBeta returns the objects of this run's beta and what is reached of them: their
// names end with the run's id, their selectors contain it, and what leads users to it has
// a path or a host of its own or, by the Service alone, is left out.
func (r *Run) renderBeta(images []shipped) ([]*unstructured.Unstructured, front, error) {
	to := manifest.Routes{Host: strings.ReplaceAll(r.app.Betas.Host, "{run}", r.opts.Run)}
	if r.app.Betas.Path != "" {
		to.Path = path.Join(r.app.Betas.Path, r.opts.Run)
	}
	objects, err := manifest.Render(r.env.Tree, r.opts.BetaOverlay, manifest.Layer{
		Namespace:      r.opts.BuildNamespace,
		NameSuffix:     r.suffix(),
		Labels:         r.labels(),
		SelectorLabels: map[string]string{managed.LabelRun: r.opts.Run},
		Images:         inOverlays(images),
		Components:     r.app.PerRun,
		Values:         r.values(to.Path),
		Closed:         !Reaches(r.opts.Until, "functional"),
	})
	if err != nil {
		return nil, front{}, err
	}
	reached, err := r.frontOf(objects, r.suffix())
	if err != nil {
		return nil, front{}, err
	}
	to.From = reached.path
	if objects, err = manifest.Reroute(objects, to); err != nil {
		return nil, front{}, err
	}
	if to.Path != "" && reached.public {
		reached.path = to.Path
	}
	reached.public = reached.public && (to.Path != "" || to.Host != "")
	return objects, reached, nil
}

// renderProduction returns the objects of production.
func (r *Run) renderProduction(images []shipped) ([]*unstructured.Unstructured, error) {
	return manifest.Render(r.env.Tree, r.opts.ProductionOverlay, r.productionLayer(images))
}

// showProduction returns them to be looked at, without what SOPS encrypted: a job that does not deploy to production has no
// key of it.
func (r *Run) showProduction(images []shipped) ([]*unstructured.Unstructured, error) {
	layer := r.productionLayer(images)
	layer.Closed = true
	return manifest.Render(r.env.Tree, r.opts.ProductionOverlay, layer)
}

func (r *Run) productionLayer(images []shipped) manifest.Layer {
	labels := r.labels()
	labels[managed.LabelRun] = r.opts.Run
	return manifest.Layer{Namespace: r.opts.Namespace, Labels: labels, Images: inOverlays(images)}
}

func (r *Run) labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": r.app.Name,
		managed.LabelVersion:     r.opts.Version,
		managed.LabelManagedBy:   managed.FieldManager,
	}
}

func (r *Run) values(path string) map[string]string {
	return map[string]string{"run": r.opts.Run, "path": path, "namespace": r.opts.Namespace, "buildNamespace": r.opts.BuildNamespace}
}
