package image

import (
	"context"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Stamp sets the creation time of the image under tag to at, the commit's time, and returns its digest. The engine writes the
// time of the build into the image's configuration, which would give the same commit another digest with each build
// (https://reproducible-builds.org/docs/source-date-epoch/). Only configurations and manifests are pushed again; layers stay as
// they are. Each image of a multi-platform index is stamped.
func (r *Registry) Stamp(ctx context.Context, repo Repository, tag string, at time.Time) (string, error) {
	if err := CheckTag(tag); err != nil {
		return "", err
	}
	if err := r.connect(); err != nil {
		return "", explain(ctx, repo.Host(), err)
	}
	digest, err := r.stamp(ctx, repo, tag, at)
	if err != nil {
		return "", explain(ctx, repo.String()+":"+tag, err)
	}
	return digest, nil
}

func (r *Registry) stamp(ctx context.Context, repo Repository, tag string, at time.Time) (string, error) {
	found, err := r.puller.Get(ctx, repo.name.Tag(tag))
	if err != nil {
		return "", err
	}
	var stamped remote.Taggable
	var digest v1.Hash
	if found.MediaType.IsIndex() {
		index, err := found.ImageIndex()
		if err == nil {
			index, err = indexAt(index, at)
		}
		if err == nil {
			digest, err = index.Digest()
		}
		if err != nil {
			return "", err
		}
		stamped = index
	} else {
		image, err := found.Image()
		if err == nil {
			image, err = createdAt(image, at)
		}
		if err == nil {
			digest, err = image.Digest()
		}
		if err != nil {
			return "", err
		}
		stamped = image
	}
	return digest.String(), r.pusher.Push(ctx, repo.name.Tag(tag), stamped)
}

// indexAt stamps the images of an index; what else it holds stays.
func indexAt(index v1.ImageIndex, at time.Time) (v1.ImageIndex, error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	out := mutate.IndexMediaType(empty.Index, manifest.MediaType)
	for _, descriptor := range manifest.Manifests {
		added := mutate.IndexAddendum{Descriptor: v1.Descriptor{Platform: descriptor.Platform, Annotations: descriptor.Annotations}}
		switch {
		case descriptor.MediaType.IsImage():
			image, err := index.Image(descriptor.Digest)
			if err == nil {
				image, err = createdAt(image, at)
			}
			if err != nil {
				return nil, err
			}
			added.Add = image
		case descriptor.MediaType.IsIndex():
			if added.Add, err = index.ImageIndex(descriptor.Digest); err != nil {
				return nil, err
			}
		default:
			continue
		}
		out = mutate.AppendManifests(out, added)
	}
	return out, nil
}

func createdAt(image v1.Image, at time.Time) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Created = v1.Time{Time: at.UTC()}
	for i := range config.History {
		config.History[i].Created = v1.Time{Time: at.UTC()}
	}
	return mutate.ConfigFile(image, config)
}
