package pipeline

import "context"

// Release tags the tested digest as VERSION and latest. The registry copies the
// manifest, nothing is rebuilt. It comes after the tests, so that a tag without -beta
// always means tested.
func (r *Run) Release(ctx context.Context) error {
	if Reaches(r.opts.Until, "deploy") { // otherwise an older commit would become latest
		if err := r.checkSuperseded(ctx); err != nil {
			return err
		}
	}
	r.note("release", "tag "+r.opts.Version+" and latest")
	if err := r.env.Registry.Tag(ctx, r.repository, r.digest, r.opts.Version); err != nil {
		return err
	}
	if err := r.env.Registry.Move(ctx, r.repository, r.digest, "latest"); err != nil {
		return err
	}
	r.detail = r.opts.Version + ", latest"
	return nil
}
