package builder

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/image"
)

// Push pushes an image as VERSION-beta, one for each platform, and notes its digest: the same for the same
// commit. Only what is stamped gets the tag: a registry may let it point to one image alone.
func (b Builder) Push(ctx context.Context, i *artifact.Image, variants []*dagger.Container) error {
	tag := image.Beta(b.Version)
	var pushed []image.Variant
	for n, variant := range variants {
		digest, err := b.publish(ctx, i, variant, n)
		if err != nil {
			return b.Engine.Failure("push "+tag, err)
		}
		pushed = append(pushed, image.Variant{Digest: digest})
		if len(i.Platforms) > 0 {
			pushed[n].Platform = i.Platforms[n]
		}
	}
	var err error
	if len(i.Platforms) > 0 {
		i.Digest, err = b.Registry.Index(ctx, i.Repo, tag, pushed, b.Built)
	} else {
		i.Digest, err = b.Registry.Stamp(ctx, i.Repo, pushed[0].Digest, tag, b.Built)
	}
	return b.tolerate(err)
}

// publish has the engine push one variant of an image and returns its digest. Where the registry does not move the tag, the
// run's own is used: it cannot be told from the engine's error.
func (b Builder) publish(ctx context.Context, i *artifact.Image, variant *dagger.Container, n int) (string, error) {
	reference, err := b.Engine.Login(variant).Publish(ctx, i.Repo.String()+":"+image.EngineTag)
	if err != nil && ctx.Err() == nil {
		if _, there := b.Registry.Digest(ctx, i.Repo, image.EngineTag); there == nil {
			reference, err = b.Engine.Login(variant).Publish(ctx, i.Repo.String()+":"+image.RunTag(b.Run, n))
		}
	}
	if err != nil {
		return "", err
	}
	_, digest, found := strings.Cut(reference, "@")
	if !found {
		return "", fmt.Errorf("the engine pushed %s, without a digest", reference)
	}
	return digest, nil
}

// tolerate lets a run go on whose VERSION-beta is another image's and stays that: all that follows goes by digest.
func (b Builder) tolerate(err error) error {
	if errors.Is(err, image.ErrImmutable) {
		b.Note("warning: " + err.Error())
		return nil
	}
	return err
}
