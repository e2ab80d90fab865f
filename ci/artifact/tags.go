package artifact

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

// movable reports whether a version's tag may point to one image today and to another tomorrow: that of a tree with
// changes that no commit has names no certain content.
func movable(version string) bool { return strings.HasSuffix(version, "-dirty") }

// Tags are what the images of a version are called in their registry.
type Tags struct {
	Registry *image.Registry
	Version  string
	Built    time.Time         // the commit's time, which is part of each image
	Follows  bool              // the version follows from the commit, and is to be released
	Note     func(text string) // tells people
}

// Foresee refuses, before anything is built, a version that is released already and was made from another commit: the
// commit's time is part of each image.
func (t Tags) Foresee(ctx context.Context, i Image) error {
	if movable(t.Version) {
		return nil
	}
	_, created, err := t.Registry.Created(ctx, i.Repo, t.Version)
	if errors.Is(err, image.ErrNotFound) || err == nil && created.Equal(t.Built) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.taken(i, fmt.Sprintf("an image of %s, and this commit is of %s", utc(created), utc(t.Built)))
}

// taken is the failure of a run whose version is another image's.
func (t Tags) taken(i Image, there string) error {
	return &exit.Failure{Code: exit.Usage, Cause: fmt.Sprintf("version %[1]s is released already: %[2]s:%[1]s is %[3]s", t.Version, i.Repo, there),
		Try: "versions are never moved: choose another one with --version or a new git tag"}
}

// FindReleased decides which image a version is, once one is pushed. Built again elsewhere, or on a newer base image, the same commit
// may give other bytes: what is released as its version already is then tested and shipped again. A version that a person has
// given proves no commit; Check refuses it.
func (t Tags) FindReleased(ctx context.Context, i *Image) error {
	if !t.Follows || movable(t.Version) {
		return nil
	}
	digest, created, err := t.Registry.Created(ctx, i.Repo, t.Version)
	if errors.Is(err, image.ErrNotFound) || err == nil && (digest == i.Digest || !created.Equal(t.Built)) {
		return nil
	}
	if err != nil {
		return err
	}
	t.Note(fmt.Sprintf("%s:%s is released already, of this commit: it is shipped, not the image that was built just now (%.19s)", i.Repo, t.Version, i.Digest))
	i.Digest, i.Earlier = digest, true
	return nil
}

// Pushed returns the digest of the version or, if it is not released, of its beta.
func (t Tags) Pushed(ctx context.Context, in image.Repository) (string, error) {
	for _, tag := range []string{t.Version, image.Beta(t.Version)} {
		digest, err := t.Registry.Digest(ctx, in, tag)
		switch {
		case errors.Is(err, image.ErrDenied): // of what is not there some say so, too, lest one learn what is
			return "", fmt.Errorf("%w; where nothing was pushed to %s yet, build first: `go run ./ci --until build`", err, in)
		case !errors.Is(err, image.ErrNotFound):
			return digest, err
		}
	}
	return "", exit.Usagef("%s has no version %s, nor %[2]s-beta: build it first (`go run ./ci --until build`), or give one that it has with --version", in, t.Version)
}

// Check refuses to move the version's tags. It is asked of all images before any is tagged.
func (t Tags) Check(ctx context.Context, images []Image) error {
	for _, i := range images {
		if movable(t.Version) {
			return nil
		}
		digest, err := t.Registry.Digest(ctx, i.Repo, t.Version)
		switch {
		case errors.Is(err, image.ErrNotFound):
		case err != nil:
			return err
		case digest != i.Digest:
			return t.taken(i, digest+", and "+i.Digest+" was tested")
		}
	}
	return nil
}

// Give gives all images the version's tag before any becomes latest, and reports whether all did: a registry may move no tags.
func (t Tags) Give(ctx context.Context, images []Image) (latest bool, err error) {
	for _, i := range images {
		if err := t.Registry.Tag(ctx, i.Repo, i.Digest, t.Version); err != nil {
			return false, unmoved(err)
		}
	}
	latest = true
	for _, i := range images {
		moved, err := t.moveLatest(ctx, i)
		if err != nil {
			return false, err
		}
		latest = latest && moved
	}
	return latest, nil
}

// unmoved turns the error of a version's tag that the registry does not move into what to do about it.
func unmoved(err error) error {
	if errors.Is(err, image.ErrImmutable) {
		return &exit.Failure{Code: exit.Usage, Cause: err.Error(), Err: err, Try: "commit what is changed, or choose another version with --version or a new git tag"}
	}
	return err
}

// moveLatest moves latest, and reports whether it did: a registry that moves no tags gives it once.
func (t Tags) moveLatest(ctx context.Context, i Image) (bool, error) {
	err := t.Registry.Move(ctx, i.Repo, i.Digest, image.Latest)
	if errors.Is(err, image.ErrImmutable) {
		t.Note("warning: " + err.Error())
		return false, nil
	}
	return err == nil, err
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }
