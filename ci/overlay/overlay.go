// Package overlay renders an application's overlays for a run: the objects of its beta, under names, a path or a host of their own,
// and those of production. It does not know that there is a cluster.
package overlay

import (
	"io/fs"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// Overlays are those of an application, for one run.
type Overlays struct {
	App     description.Application
	Tree    fs.FS // the application's repository
	Run     string
	Version string

	Beta, Production          string // folders in Tree
	BuildNamespace, Namespace string // where each is deployed to

	Closed bool // the beta is not deployed: what SOPS encrypted in it stays so
}

// Suffix ends the names of this run's beta.
func (o Overlays) Suffix() string { return "-" + o.Run }

// Beta are the objects of a beta, what is reached of them, and what in them names a
// Service of the beta, which has another name there than in its overlay.
type Beta struct {
	Objects []*unstructured.Unstructured
	Front   front.Front
	Names   manifest.Named
}

// RenderBeta renders this run's beta: the names of its objects end with the run's id,
// their selectors contain it, and what leads users to it has a path or a host of its own
// or, by the Service alone, is left out.
func (o Overlays) RenderBeta(images []artifact.Image) (out Beta, err error) {
	to := manifest.Routes{Host: strings.ReplaceAll(o.App.Betas.Host, "{run}", o.Run)}
	if o.App.Betas.Path != "" {
		to.Path = path.Join(o.App.Betas.Path, o.Run)
	}
	out.Objects, err = manifest.Render(o.Tree, o.Beta, manifest.Layer{
		Namespace:      o.BuildNamespace,
		NameSuffix:     o.Suffix(),
		Labels:         o.labels(),
		SelectorLabels: map[string]string{managed.LabelRun: o.Run},
		Images:         inOverlays(images),
		Components:     o.App.PerRun,
		Values:         o.values(to.Path),
		Closed:         o.Closed,
	})
	if err != nil {
		return out, err
	}
	out.Names = manifest.FollowServices(out.Objects, o.Suffix())
	if out.Front, err = front.Of(o.App, out.Objects, o.Suffix()); err != nil {
		return out, err
	}
	to.From = out.Front.Path
	if out.Objects, err = manifest.Reroute(out.Objects, to); err != nil {
		return out, err
	}
	if to.Path != "" && out.Front.Public {
		out.Front.Path = to.Path
	}
	out.Front.Public = out.Front.Public && (to.Path != "" || to.Host != "") || strings.Contains(o.App.Address.Functional, "{run}")
	return out, nil
}

// RenderProduction returns the objects of production.
func (o Overlays) RenderProduction(images []artifact.Image) ([]*unstructured.Unstructured, error) {
	return manifest.Render(o.Tree, o.Production, o.productionLayer(images))
}

// ShowProduction returns them to be looked at, without what SOPS encrypted: a job that does not deploy to production has no
// key of it.
func (o Overlays) ShowProduction(images []artifact.Image) ([]*unstructured.Unstructured, error) {
	layer := o.productionLayer(images)
	layer.Closed = true
	return manifest.Render(o.Tree, o.Production, layer)
}

func (o Overlays) productionLayer(images []artifact.Image) manifest.Layer {
	labels := o.labels()
	labels[managed.LabelRun] = o.Run
	return manifest.Layer{Namespace: o.Namespace, Labels: labels, Images: inOverlays(images)}
}

// ApplicationLabel is on all objects
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/).
const ApplicationLabel = "app.kubernetes.io/name"

func (o Overlays) labels() map[string]string {
	return map[string]string{
		ApplicationLabel:       o.App.Name,
		managed.LabelVersion:   o.Version,
		managed.LabelManagedBy: managed.FieldManager,
	}
}

func (o Overlays) values(path string) map[string]string {
	return map[string]string{"run": o.Run, "path": path, "namespace": o.Namespace, "buildNamespace": o.BuildNamespace}
}

// ProductionFront is what users will reach of production.
func (o Overlays) ProductionFront(images []artifact.Image) (front.Front, error) {
	objects, err := o.ShowProduction(images)
	if err != nil {
		return front.Front{}, err
	}
	return front.Of(o.App, objects, "")
}

// inOverlays is how the images replace those that the overlays name.
func inOverlays(images []artifact.Image) []manifest.Image {
	var out []manifest.Image
	for _, i := range images {
		out = append(out, manifest.Image{Name: i.Name, Repository: i.Repo.String(), Digest: i.Digest})
	}
	return out
}

// Everywhere are the overlays of production, or of each environment, whether a run comes there or not.
func (o Overlays) Everywhere() []Overlays {
	out := []Overlays{}
	for _, e := range o.App.Environments {
		of := o
		of.Production, of.Namespace = e.Overlay, e.Namespace
		out = append(out, of)
	}
	if len(out) == 0 {
		return []Overlays{o}
	}
	return out
}
