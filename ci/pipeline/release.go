package pipeline

import "context"

// Release tags the tested digests as VERSION and latest. The registry copies the
// manifest, nothing is rebuilt. It comes after the tests, so that a tag without -beta
// always means tested.
func (r *Run) Release(ctx context.Context) error {
	if Reaches(r.opts.Until, "deploy") { // otherwise an older commit would become latest
		if err := r.checkSuperseded(ctx); err != nil {
			return err
		}
	}
	if err := r.checkVersions(ctx); err != nil {
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

// tagImages gives all images the version's tag before any becomes latest.
func (r *Run) tagImages(ctx context.Context) error {
	r.note("release", "tag "+r.opts.Version+" and latest")
	r.released = true
	for _, i := range r.images {
		if err := r.env.Registry.Tag(ctx, i.repository, i.digest, r.opts.Version); err != nil {
			return r.unmoved(i, err)
		}
	}
	r.detail = r.opts.Version + ", latest"
	for _, i := range r.images {
		moved, err := r.moveLatest(ctx, i)
		if err != nil {
			return err
		}
		if !moved {
			r.detail = r.opts.Version + "; latest stays where it was, for the registry does not move it"
		}
	}
	return nil
}
