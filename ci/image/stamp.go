package image

import (
	"context"
	"errors"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Stamp sets the creation time of an image that is in repo to at, the commit's time, puts it under tag and returns its digest. The
// engine writes the time of the build into the image's configuration, and where it had each layer from, which would give the same
// commit another digest with each build (https://reproducible-builds.org/docs/source-date-epoch/). Only the configuration is pushed
// again; layers and multi-platform indexes stay as they are. Where the error is ErrImmutable, the image is in repo all the same.
func (r *Registry) Stamp(ctx context.Context, repo Repository, digest, tag string, at time.Time) (string, error) {
	if err := CheckTag(tag); err != nil {
		return "", err
	}
	if err := r.connect(); err != nil {
		return "", explain(ctx, repo.Host(), err)
	}
	found, err := r.puller.Get(ctx, repo.name.Digest(digest))
	if err == nil && found.MediaType.IsIndex() {
		return digest, r.Move(ctx, repo, digest, tag)
	}
	var image v1.Image
	if err == nil {
		image, err = found.Image()
	}
	if err == nil {
		image, err = createdAt(image, at)
	}
	if err != nil {
		return "", explain(ctx, repo.String()+"@"+digest, err)
	}
	return r.push(ctx, repo, tag, image)
}

// push puts an image, or an index, under tag. If the registry does not move the tag, it is there without.
func (r *Registry) push(ctx context.Context, repo Repository, tag string, content interface {
	remote.Taggable
	Digest() (v1.Hash, error)
}) (string, error) {
	digest, err := content.Digest()
	if err != nil {
		return "", err
	}
	refused := r.explainPut(ctx, repo.name.Tag(tag), digest.String(), r.pusher.Push(ctx, repo.name.Tag(tag), content))
	if !errors.Is(refused, ErrImmutable) {
		return digest.String(), refused
	}
	if err := r.pusher.Push(ctx, repo.name.Digest(digest.String()), content); err != nil {
		return "", explain(ctx, repo.String()+"@"+digest.String(), err)
	}
	return digest.String(), refused
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
