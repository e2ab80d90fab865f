package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

// movable reports whether a version's tag may point to one image today and to another tomorrow: that of a tree with
// changes that no commit has names no certain content.
func movable(version string) bool { return strings.HasSuffix(version, "-dirty") }

// foreseeVersion refuses, before anything is built, a version that is released already and was made from another commit: the
// commit's time is part of each image.
func (r *Run) foreseeVersion(ctx context.Context, i shipped) error {
	if r.promotes || movable(r.opts.Version) {
		return nil
	}
	_, created, err := r.env.Registry.Created(ctx, i.repository, r.opts.Version)
	if errors.Is(err, image.ErrNotFound) || err == nil && created.Equal(r.opts.Built) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.versionTaken(i, fmt.Sprintf("an image of %s, and this commit is of %s", utc(created), utc(r.opts.Built)))
}

// versionTaken is the failure of a run whose version is another image's.
func (r *Run) versionTaken(i shipped, there string) error {
	return &exit.Failure{Code: exit.Usage, Cause: fmt.Sprintf("version %[1]s is released already: %[2]s:%[1]s is %[3]s", r.opts.Version, i.repository, there),
		Try: "versions are never moved: choose another one with --version or a new git tag"}
}

// findReleased decides which image a version is, once one is pushed. Built again elsewhere, or on a newer base image, the same commit
// may give other bytes: what is released as its version already is then tested and shipped again. A version that a person has
// given proves no commit; Release refuses it.
func (r *Run) findReleased(ctx context.Context, i *shipped) error {
	if !Reaches(r.opts.Until, "release") || movable(r.opts.Version) || !r.opts.Derived || r.opts.History.Dirty {
		return nil
	}
	digest, created, err := r.env.Registry.Created(ctx, i.repository, r.opts.Version)
	if errors.Is(err, image.ErrNotFound) || err == nil && (digest == i.digest || !created.Equal(r.opts.Built)) {
		return nil
	}
	if err != nil {
		return err
	}
	r.note("build", fmt.Sprintf("%s:%s is released already, of this commit: it is shipped, not the image that was built just now (%.19s)", i.repository, r.opts.Version, i.digest))
	i.digest, i.earlier = digest, true
	return nil
}

// checkVersions refuses to move the version's tags. It is asked of all images before any is tagged.
func (r *Run) checkVersions(ctx context.Context) error {
	for _, i := range r.images {
		if movable(r.opts.Version) {
			return nil
		}
		digest, err := r.env.Registry.Digest(ctx, i.repository, r.opts.Version)
		switch {
		case errors.Is(err, image.ErrNotFound):
		case err != nil:
			return err
		case digest != i.digest:
			return r.versionTaken(i, digest+", and "+i.digest+" was tested")
		}
	}
	return nil
}

// unmoved turns the error of a version's tag that the registry does not move into what to do about it.
func (r *Run) unmoved(i shipped, err error) error {
	if errors.Is(err, image.ErrImmutable) {
		return &exit.Failure{Code: exit.Usage, Cause: err.Error(), Err: err, Try: "commit what is changed, or choose another version with --version or a new git tag"}
	}
	return err
}

// moveLatest moves latest, and reports whether it did: a registry that moves no tags gives it once.
func (r *Run) moveLatest(ctx context.Context, i shipped) (bool, error) {
	err := r.env.Registry.Move(ctx, i.repository, i.digest, image.Latest)
	if errors.Is(err, image.ErrImmutable) {
		r.note("release", "warning: "+err.Error())
		return false, nil
	}
	return err == nil, err
}

// publish has the engine push one variant of an image and returns its digest. Where the registry does not move the tag, the
// run's own is used: it cannot be told from the engine's error.
func (r *Run) publish(ctx context.Context, i *shipped, variant *dagger.Container, n int) (string, error) {
	reference, err := r.env.Engine.Login(variant).Publish(ctx, i.repository.String()+":"+image.EngineTag)
	if err != nil && ctx.Err() == nil {
		if _, there := r.env.Registry.Digest(ctx, i.repository, image.EngineTag); there == nil {
			reference, err = r.env.Engine.Login(variant).Publish(ctx, i.repository.String()+":"+image.RunTag(r.opts.Run, n))
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
func (r *Run) tolerate(err error) error {
	if errors.Is(err, image.ErrImmutable) {
		r.note("build", "warning: "+err.Error())
		return nil
	}
	return err
}
