package pipeline

import (
	"context"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/description"
)

// FindMakers fills in MadeBy: without a release, objects of production's overlay may
// exist already, made by other tools. If that cannot be found out, MadeByError says why;
// the rest of the status is right without it.
func (s *Status) FindMakers(ctx context.Context, c *cluster.Cluster, app description.Application, tree fs.FS, overlay string) {
	if len(s.Releases) > 0 {
		return
	}
	objects, err := anyRelease(app, tree, Options{ProductionOverlay: overlay, Namespace: s.Namespace})
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
func anyRelease(app description.Application, tree fs.FS, opts Options) ([]*unstructured.Unstructured, error) {
	r, err := anyRun(app, tree, opts)
	if err != nil {
		return nil, err
	}
	return r.showProduction(r.images)
}

// anyRun is one that can only render.
func anyRun(app description.Application, tree fs.FS, opts Options) (*Run, error) {
	images, err := imagesOf(app, "any.invalid/"+app.Name)
	return &Run{app: app, opts: opts, env: Environment{Tree: tree}, images: images}, err
}
