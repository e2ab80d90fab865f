package pipeline

import (
	"context"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
)

// foreseeBeta asks the server about the beta's objects before anything is built.
func (r *Run) foreseeBeta(ctx context.Context, f *apply.Foreseen) error {
	beta, err := r.overlays().RenderBeta(r.images)
	if err != nil {
		return err
	}
	if err := r.checkIsolated(ctx, beta.Objects); err != nil {
		return err
	}
	said, err := apply.Admit(ctx, r.env.Build, beta.Objects, apply.Options{})
	said.Warnings = append(said.Warnings, beta.Names.Doubtful...)
	f.Add(said, artifact.NoDigest)
	return err
}

// foreseeProduction does the same for production; fields there that others have set are
// an error of their own.
func (r *Run) foreseeProduction(ctx context.Context, f *apply.Foreseen) error {
	objects, err := r.overlays().RenderProduction(r.images)
	if err == nil {
		err = account.CheckIdentity(objects)
	}
	if err != nil {
		return err
	}
	said, err := apply.Admit(ctx, r.env.Production, objects, r.applyOptions())
	f.Add(said, artifact.NoDigest)
	return err
}
