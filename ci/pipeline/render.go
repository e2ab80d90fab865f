package pipeline

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// suffix ends the names of this run's beta.
func (r *Run) suffix() string { return "-" + r.opts.Run }

// rendered are the objects of a beta, what is reached of them, and what in them names a
// Service of the beta, which has another name there than in its overlay.
type rendered struct {
	objects []*unstructured.Unstructured
	front   front.Front
	names   manifest.Named
}

// renderBeta renders this run's beta: the names of its objects end with the run's id,
// their selectors contain it, and what leads users to it has a path or a host of its own
// or, by the Service alone, is left out.
func (r *Run) renderBeta(images []shipped) (out rendered, err error) {
	to := manifest.Routes{Host: strings.ReplaceAll(r.app.Betas.Host, "{run}", r.opts.Run)}
	if r.app.Betas.Path != "" {
		to.Path = path.Join(r.app.Betas.Path, r.opts.Run)
	}
	out.objects, err = manifest.Render(r.env.Tree, r.opts.BetaOverlay, manifest.Layer{
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
		return out, err
	}
	out.names = manifest.FollowServices(out.objects, r.suffix())
	if out.front, err = front.Of(r.app, out.objects, r.suffix()); err != nil {
		return out, err
	}
	to.From = out.front.Path
	if out.objects, err = manifest.Reroute(out.objects, to); err != nil {
		return out, err
	}
	if to.Path != "" && out.front.Public {
		out.front.Path = to.Path
	}
	out.front.Public = out.front.Public && (to.Path != "" || to.Host != "") || strings.Contains(r.app.Address.Functional, "{run}")
	return out, nil
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

// applicationLabel is on all objects
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/).
const applicationLabel = "app.kubernetes.io/name"

func (r *Run) labels() map[string]string {
	return map[string]string{
		applicationLabel:       r.app.Name,
		managed.LabelVersion:   r.opts.Version,
		managed.LabelManagedBy: managed.FieldManager,
	}
}

func (r *Run) values(path string) map[string]string {
	return map[string]string{"run": r.opts.Run, "path": path, "namespace": r.opts.Namespace, "buildNamespace": r.opts.BuildNamespace}
}

// productionFront is what users will reach of production.
func (r *Run) productionFront() (front.Front, error) {
	objects, err := r.showProduction(r.images)
	if err != nil {
		return front.Front{}, err
	}
	return front.Of(r.app, objects, "")
}
