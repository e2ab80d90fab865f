package pipeline

import (
	"fmt"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// betaPath is where this run's beta answers.
func (r *Run) betaPath() string { return r.app.BetaPath + "/" + r.opts.Run }

// betaService is the Service of this run's beta.
func (r *Run) betaService() string { return r.app.Service + "-" + r.opts.Run }

// renderBeta returns the objects of this run's beta: their names end with the run's id,
// their selectors contain it, and the Ingress serves a path of its own. What names a
// Service of the beta follows it.
func (r *Run) renderBeta(digest string) ([]*unstructured.Unstructured, error) {
	suffix := "-" + r.opts.Run
	objects, err := manifest.Render(r.env.Tree, r.opts.BetaOverlay, manifest.Layer{
		Namespace:      r.opts.BuildNamespace,
		NameSuffix:     suffix,
		Labels:         r.labels(),
		SelectorLabels: map[string]string{managed.LabelRun: r.opts.Run},
		Images:         r.images(digest),
		Components:     r.app.PerRun,
		Values:         r.values(r.betaPath()),
	})
	if err == nil {
		r.beta.named = manifest.FollowServices(objects, suffix)
	}
	return objects, err
}

// Doubts are sentences about what a beta of this run may lack, to be told before
// anything is built. What an overlay that does not render lacks, Check has told.
func (r *Run) Doubts() []string {
	if !Reaches(r.opts.Until, "functional") {
		return nil
	}
	_, _ = r.renderBeta(noDigest)
	return r.beta.named.Doubtful
}

// renderProduction returns the objects of production.
func (r *Run) renderProduction(digest string) ([]*unstructured.Unstructured, error) {
	labels := r.labels()
	labels[managed.LabelRun] = r.opts.Run
	return manifest.Render(r.env.Tree, r.opts.ProductionOverlay, manifest.Layer{
		Namespace: r.opts.Namespace,
		Labels:    labels,
		Images:    r.images(digest),
	})
}

// publicPath returns the path of the Ingress that routes to the Service: the base path
// of the application. It is read from objects, so that nobody has to configure it twice
// and an undo tests at the path of the former release.
func (r *Run) publicPath(objects []*unstructured.Unstructured) (string, error) {
	for _, object := range objects {
		if object.GroupVersionKind() != networkingv1.SchemeGroupVersion.WithKind("Ingress") {
			continue
		}
		var ingress networkingv1.Ingress
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &ingress); err != nil {
			return "", fmt.Errorf("ingress %s: %w", object.GetName(), err)
		}
		for _, rule := range ingress.Spec.Rules {
			if rule.HTTP == nil {
				continue
			}
			for _, path := range rule.HTTP.Paths {
				if path.Backend.Service != nil && path.Backend.Service.Name == r.app.Service {
					return strings.TrimSuffix(path.Path, "/"), nil
				}
			}
		}
	}
	return "", fmt.Errorf("no Ingress routes to Service %s", r.app.Service)
}

func (r *Run) labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": r.app.Name,
		managed.LabelVersion:     r.opts.Version,
		managed.LabelManagedBy:   managed.FieldManager,
	}
}

func (r *Run) images(digest string) []manifest.Image {
	return []manifest.Image{{Name: r.app.Name, Repository: r.repository.String(), Digest: digest}}
}

func (r *Run) values(path string) map[string]string {
	return map[string]string{"run": r.opts.Run, "path": path, "namespace": r.opts.Namespace, "buildNamespace": r.opts.BuildNamespace}
}
