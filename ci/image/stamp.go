package image

import (
	"context"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// Stamp sets the creation time of the image under tag to at, the commit's time, and returns its digest. The engine writes the
// time of the build into the image's configuration, and where it had each layer from, which would give the same commit another digest with each build
// (https://reproducible-builds.org/docs/source-date-epoch/). Only the configuration is pushed again; layers and
// multi-platform indexes stay as they are.
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
	if found.MediaType.IsIndex() {
		return found.Digest.String(), nil
	}
	image, err := found.Image()
	if err != nil {
		return "", err
	}
	if image, err = createdAt(image, at); err != nil {
		return "", err
	}
	if err := r.pusher.Push(ctx, repo.name.Tag(tag), image); err != nil {
		return "", err
	}
	digest, err := image.Digest()
	return digest.String(), err
}

// ofEngine marks what the engine says of a layer of its own, which is another thing once it has been started anew and takes the
// layer from its cache: "rehydrated persisted snapshot".
const ofEngine = "buildkit.exporter.image.v0"

func createdAt(image v1.Image, at time.Time) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.Created = v1.Time{Time: at.UTC()}
	for i := range config.History {
		config.History[i].Created = v1.Time{Time: at.UTC()}
		if config.History[i].Comment == ofEngine {
			config.History[i].CreatedBy = ""
		}
	}
	return mutate.ConfigFile(image, config)
}
