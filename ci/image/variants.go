package image

import "context"

// Variants returns the images of a multi-platform index in repo, in its order.
func (r *Registry) Variants(ctx context.Context, repo Repository, digest string) ([]Variant, error) {
	if err := r.connect(); err != nil {
		return nil, explain(ctx, repo.Host(), err)
	}
	found, err := r.puller.Get(ctx, repo.name.Digest(digest))
	if err != nil {
		return nil, explain(ctx, repo.String()+"@"+digest, err)
	}
	_, manifest, err := indexOf(found)
	if err != nil {
		return nil, explain(ctx, repo.String()+"@"+digest, err)
	}
	var out []Variant
	for _, descriptor := range manifest.Manifests {
		out = append(out, Variant{Platform: descriptor.Platform.String(), Digest: descriptor.Digest.String()})
	}
	return out, nil
}
