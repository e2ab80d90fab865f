package pipeline

import (
	"io/fs"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// suffix ends the names of this run's beta.
func (r *Run) suffix() string { return "-" + r.opts.Run }

// renderBeta returns the objects of this run's beta and what is reached of them: their
// names end with the run's id, their selectors contain it, and what leads users to it has
// a path or a host of its own or, by the Service alone, is left out.
func (r *Run) renderBeta(images []shipped) ([]*unstructured.Unstructured, front.Front, error) {
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
	})
	if err != nil {
		return nil, front.Front{}, err
	}
	reached, err := front.Of(r.app, objects, r.suffix())
	if err != nil {
		return nil, front.Front{}, err
	}
	to.From = reached.Path
	if objects, err = manifest.Reroute(objects, to); err != nil {
		return nil, front.Front{}, err
	}
	if to.Path != "" && reached.Public {
		reached.Path = to.Path
	}
	reached.Public = reached.Public && (to.Path != "" || to.Host != "")
	return objects, reached, nil
}

// renderProduction returns the objects of production.
func (r *Run) renderProduction(images []shipped) ([]*unstructured.Unstructured, error) {
	labels := r.labels()
	labels[managed.LabelRun] = r.opts.Run
	return manifest.Render(r.env.Tree, r.opts.ProductionOverlay, manifest.Layer{
		Namespace: r.opts.Namespace,
		Labels:    labels,
		Images:    inOverlays(images),
	})
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

// productionFront is what users will reach of production.
func (r *Run) productionFront() (front.Front, error) {
	objects, err := r.renderProduction(unbuilt(r.images))
	if err != nil {
		return front.Front{}, err
	}
	return front.Of(r.app, objects, "")
}

// TestsByForward reports whether production can be tested through a port-forward alone, for
// its overlay leads nobody to its Service from outside.
func TestsByForward(app description.Application, tree fs.FS, overlay, namespace string) (bool, error) {
	r, err := anyRun(app, tree, Options{ProductionOverlay: overlay, Namespace: namespace})
	if err != nil {
		return false, err
	}
	reached, err := r.productionFront()
	return reached.ByServiceAlone(), err
}
