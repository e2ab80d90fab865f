package status

import (
	"context"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/overlay"
)

// FindMakers fills in MadeBy: without a release, objects of production's overlay may
// exist already, made by other tools. If that cannot be found out, MadeByError says why;
// the rest of the status is right without it.
func (s *Status) FindMakers(ctx context.Context, c *cluster.Cluster, app description.Application, tree fs.FS, folder string) {
	if len(s.Releases) > 0 {
		return
	}
	objects, err := anyRelease(overlay.Overlays{App: app, Tree: tree, Production: folder, Namespace: s.Namespace})
	if err == nil {
		var makers []apply.Maker
		if makers, err = apply.Makers(ctx, c, objects); err == nil {
			s.MadeBy = makers
		}
	}
	if err != nil {
		s.MadeByError = err.Error()
	}
}

// anyRelease renders production's overlay with a placeholder for the image, for what
// does not depend on it.
func anyRelease(of overlay.Overlays) ([]*unstructured.Unstructured, error) {
	images, err := artifact.Of(of.App, "any.invalid/"+of.App.Name)
	if err != nil {
		return nil, err
	}
	return of.ShowProduction(images)
}
