package image

import (
	"context"
	"errors"
	"net/http"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
)

// Tagged is a tag and what is under it.
type Tagged struct {
	Tag, Digest string
	Parts       []string  // of an index: the digests of its manifests, mostly one for each platform
	Created     time.Time // as the image's configuration says; zero where it does not, or nobody asked
}

// parallel bounds the requests that are under way at once: some registries answer more of them with 429.
const parallel = 8

// List returns the tags of repo in their order, none where there is no such repository. Only of tags that are timed it reads
// when the image was created, which takes a request more. A tag that goes meanwhile is left out.
func (r *Registry) List(ctx context.Context, repo Repository, timed func(tag string) bool) ([]Tagged, error) {
	if err := r.connect(); err != nil {
		return nil, explain(ctx, repo.Host(), err)
	}
	names, err := r.puller.List(ctx, repo.name)
	if isAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, explain(ctx, repo.String(), err)
	}
	found := make([]*Tagged, len(names))
	var reading errgroup.Group
	reading.SetLimit(parallel)
	for i, tag := range names {
		reading.Go(func() (err error) {
			if found[i], err = r.tagged(ctx, repo, tag, timed(tag)); isAbsent(err) {
				return nil
			}
			if err != nil {
				return explain(ctx, repo.String()+":"+tag, err)
			}
			return nil
		})
	}
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	var out []Tagged
	for _, tagged := range found {
		if tagged != nil {
			out = append(out, *tagged)
		}
	}
	return out, nil
}

func (r *Registry) tagged(ctx context.Context, repo Repository, tag string, timed bool) (*Tagged, error) {
	found, err := r.puller.Get(ctx, repo.name.Tag(tag))
	if err != nil {
		return nil, err
	}
	out := &Tagged{Tag: tag, Digest: found.Digest.String()}
	if out.Parts, err = partsOf(found); err != nil || !timed {
		return out, err
	}
	config, err := configOf(found)
	if err != nil {
		return nil, err
	}
	out.Created = config.Created.Time
	return out, nil
}

// Created returns the digest under tag, and when the image, or the first of an index, was created.
func (r *Registry) Created(ctx context.Context, repo Repository, tag string) (digest string, at time.Time, err error) {
	if err := CheckTag(tag); err != nil {
		return "", at, err
	}
	if err := r.connect(); err != nil {
		return "", at, explain(ctx, repo.Host(), err)
	}
	found, err := r.tagged(ctx, repo, tag, true)
	if err != nil {
		return "", at, explain(ctx, repo.String()+":"+tag, err)
	}
	return found.Digest, found.Created, nil
}

// Parts returns the digests of the manifests of an index that is in repo; none where the digest is no index, or not there.
func (r *Registry) Parts(ctx context.Context, repo Repository, digest string) ([]string, error) {
	if err := r.connect(); err != nil {
		return nil, explain(ctx, repo.Host(), err)
	}
	found, err := r.puller.Get(ctx, repo.name.Digest(digest))
	if isAbsent(err) {
		return nil, nil
	}
	var parts []string
	if err == nil {
		parts, err = partsOf(found)
	}
	if err != nil {
		return nil, explain(ctx, repo.String()+"@"+digest, err)
	}
	return parts, nil
}

// partsOf returns the digests of an index's manifests, and of those of indexes in it.
func partsOf(found *remote.Descriptor) (parts []string, err error) {
	if !found.MediaType.IsIndex() {
		return nil, nil
	}
	index, err := found.ImageIndex()
	if err != nil {
		return nil, err
	}
	return partsOfIndex(index)
}

func partsOfIndex(index v1.ImageIndex) (parts []string, err error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, part := range manifest.Manifests {
		parts = append(parts, part.Digest.String())
		if !part.MediaType.IsIndex() {
			continue
		}
		inner, err := index.ImageIndex(part.Digest)
		if err != nil {
			return nil, err
		}
		more, err := partsOfIndex(inner)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	return parts, nil
}

// configOf returns the configuration of an image, or of the first one of an index; an empty one of what is no image.
func configOf(found *remote.Descriptor) (*v1.ConfigFile, error) {
	var image v1.Image
	var err error
	switch {
	case found.MediaType.IsImage():
		image, err = found.Image()
	case found.MediaType.IsIndex():
		image, err = firstImage(found)
	}
	if image == nil || err != nil {
		return &v1.ConfigFile{}, err
	}
	manifest, err := image.Manifest()
	if err != nil || !manifest.Config.MediaType.IsConfig() {
		return &v1.ConfigFile{}, err
	}
	return image.ConfigFile()
}

func firstImage(found *remote.Descriptor) (v1.Image, error) {
	index, manifest, err := indexOf(found)
	if err != nil {
		return nil, err
	}
	for _, part := range manifest.Manifests {
		if part.MediaType.IsImage() {
			return index.Image(part.Digest)
		}
	}
	return nil, nil
}

func indexOf(found *remote.Descriptor) (v1.ImageIndex, *v1.IndexManifest, error) {
	index, err := found.ImageIndex()
	if err != nil {
		return nil, nil, err
	}
	manifest, err := index.IndexManifest()
	return index, manifest, err
}

// isAbsent reports whether the registry's answer is that there is no such thing.
func isAbsent(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound
}
