package image

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Variant is an image that was pushed for one platform.
type Variant struct {
	Platform string // as in linux/arm64
	Digest   string
}

// Index makes one multi-platform index of images that are in repo, stamped as by Stamp, puts it under tag and returns its
// digest. Each image says the platform that it was built for: the engine's own stands in what it makes of an image that
// begins with nothing (FROM scratch). Where the error is ErrImmutable, the index is in repo all the same.
func (r *Registry) Index(ctx context.Context, repo Repository, tag string, variants []Variant, at time.Time) (string, error) {
	if err := CheckTag(tag); err != nil {
		return "", err
	}
	if err := r.connect(); err != nil {
		return "", explain(ctx, repo.Host(), err)
	}
	index, err := r.index(ctx, repo, variants, at)
	if err != nil {
		return "", explain(ctx, repo.String()+":"+tag, err)
	}
	return r.push(ctx, repo, tag, index)
}

func (r *Registry) index(ctx context.Context, repo Repository, variants []Variant, at time.Time) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, variant := range variants {
		platform, err := v1.ParsePlatform(variant.Platform)
		if err != nil {
			return nil, fmt.Errorf("platform %s: %w", variant.Platform, err)
		}
		found, err := r.puller.Get(ctx, repo.name.Digest(variant.Digest))
		if err != nil {
			return nil, err
		}
		image, err := found.Image()
		if err == nil {
			image, err = builtFor(image, *platform)
		}
		if err == nil {
			image, err = createdAt(image, at)
		}
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return index, nil
}

func builtFor(image v1.Image, platform v1.Platform) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	return mutate.ConfigFile(image, config)
}
