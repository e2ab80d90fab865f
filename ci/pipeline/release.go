package pipeline

import "context"

// Release gives the tested digest its final tags. The registry copies the
// manifest: no rebuild, the same bytes. Only now, so that a tag other than
// -beta always means tested.
func (r *Run) Release(ctx context.Context) error {
	if Reaches(r.opts.Until, "deploy") { // else an older commit would become the latest
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
