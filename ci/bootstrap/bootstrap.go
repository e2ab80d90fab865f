// Package bootstrap makes what a cluster administrator gives a pipeline once: namespaces,
// accounts, roles, and limits that have room for the application.
package bootstrap

import (
	"fmt"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/manifest"
	"github.com/slipway-cd/slipway/kustomize"
)

// For is whom it is made for.
type For struct {
	App                            description.Application
	Tree                           fs.FS // the application's repository
	BuildNamespace, Namespace      string
	BetaOverlay, ProductionOverlay string
	Without                        string // the part that is not made, Build or Production; empty: none
}

// The two parts.
const (
	Build      = "build"
	Production = "production"
)

// Objects renders both namespaces and adds the policies that guard their accounts. They
// are those of the source where it has some, else the built-in ones, fitted to what the
// overlays hold. The error says what is wrong with the source.
func Objects(f For) ([]*unstructured.Unstructured, error) {
	tree, folder := f.Tree, f.App.Namespaces
	if folder == "" {
		tree, folder = kustomize.Files, "namespaces"
	}
	var all []*unstructured.Unstructured
	labels := map[string]string{"app.kubernetes.io/name": f.App.Name, managed.LabelManagedBy: managed.FieldManager}
	for _, part := range []part{{Build, f.BuildNamespace, f.BetaOverlay, betas}, {Production, f.Namespace, f.ProductionOverlay, 1}} {
		if part.folder == f.Without {
			continue
		}
		objects, err := manifest.Render(tree, folder+"/"+part.folder, manifest.Layer{
			Namespace:  part.namespace,
			Labels:     labels,
			Components: f.App.Bootstrap,
			Values:     map[string]string{"namespace": f.Namespace, "buildNamespace": f.BuildNamespace},
		})
		if err != nil {
			return nil, err
		}
		if err := account.CheckAccount(objects, part.namespace); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", folder, part.folder, err)
		}
		// What cannot be rendered yet needs nothing yet; a run will say why.
		if held, err := manifest.Render(f.Tree, part.overlay, manifest.Layer{Closed: true}); err == nil {
			if f.App.Namespaces == "" {
				objects = fit(objects, held, part.times, f.App.PodSecurity)
			}
			reached, err := front.Of(f.App, held, "")
			if part.folder == Production && err == nil && reached.ByServiceAlone() {
				letForward(objects)
			}
			objects = letBeReached(objects, held, part.namespace, labels)
		}
		guard, err := account.Guard(part.namespace, labels)
		if err != nil {
			return nil, err
		}
		all = append(append(all, objects...), guard...)
	}
	return all, nil
}

// part is one of the two namespaces, and how often what its overlay holds is in it at once.
type part struct {
	folder, namespace, overlay string
	times                      int64
}

// betas is for how many there is room beside each other.
const betas = 10

// letForward adds a right to production's account where its tests reach the application
// through a port-forward alone: no other way leads from outside to its pods, and without
// need this one does not either.
func letForward(objects []*unstructured.Unstructured) {
	let(objects, rule("", []string{"pods/portforward"}, "create", "get"))
}
