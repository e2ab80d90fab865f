package pipeline

import (
	"context"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/report"
)

// Release tags the tested digests as VERSION and latest. The registry copies the
// manifest, nothing is rebuilt. It comes after the tests, so that a tag without -beta
// always means tested.
func (r *Run) Release(ctx context.Context) error {
	if Reaches(r.opts.Until, "deploy") { // otherwise an older commit would become latest
		if err := r.checkSuperseded(ctx); err != nil {
			return err
		}
	}
	if err := r.tags("release").Check(ctx, r.images); err != nil {
		return err
	}
	if err := r.checkVulnerabilities(ctx, "release"); err != nil {
		return err
	}
	if err := r.attest(ctx, "release"); err != nil { // before the tag, so that what has one has evidence, too
		return err
	}
	return r.tagImages(ctx)
}

// tagImages tags the images, and tells how far that went.
func (r *Run) tagImages(ctx context.Context) error {
	r.note("release", "tag "+r.opts.Version+" and latest")
	r.released = true
	latest, err := r.tags("release").Give(ctx, r.images)
	if err != nil {
		return err
	}
	r.detail = r.opts.Version + ", latest"
	if !latest {
		r.detail = r.opts.Version + "; latest stays where it was, for the registry does not move it"
	}
	return nil
}

// tags are those of this run's version.
func (r *Run) tags(stage string) artifact.Tags {
	return artifact.Tags{Registry: r.env.Registry, Version: r.opts.Version, Built: r.opts.Built,
		Follows:  Reaches(r.opts.Until, "release") && r.opts.Derived && !r.opts.History.Dirty,
		Note:     func(text string) { r.note(stage, text) },
		OfCommit: r.witness(stage).OfCommit}
}

// tellDigests puts what was built, or is rolled back to, into the report.
func (r *Run) tellDigests() {
	r.report.Digest, r.report.Images = r.images[0].Digest, nil
	for _, i := range r.images {
		if i.Digest != artifact.NoDigest {
			r.report.Images = append(r.report.Images, report.Image{Name: i.Name, Repository: i.Repo.String(), Digest: i.Digest})
		}
	}
}
