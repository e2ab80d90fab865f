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
	if err := r.attest(ctx, "release"); err != nil { // before the tag, so that what has one has evidence, too
		return err
	}
	r.note("release", "tag "+r.opts.Version+" and latest")
	for _, i := range r.images {
		if err := r.env.Registry.Tag(ctx, i.repository, i.digest, r.opts.Version); err != nil {
			return err
		}
	}
	for _, i := range r.images {
		if err := r.env.Registry.Move(ctx, i.repository, i.digest, "latest"); err != nil {
			return err
		}
	}
	r.detail = r.opts.Version + ", latest"
	return nil
}
