package artifact

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slipway-cd/slipway/ci/about"
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
	// OfCommit returns nil if somebody whose word counts says that an image in the registry was built of this commit, and of type
	// *Another if not.
	OfCommit func(ctx context.Context, i Image) error
}

// Another is the error of an image that is not known to be of this commit.
type Another struct {
	What string // it is known to be; empty: nobody says of which commit it was built whose word counts
	Why  error  // what others say does not count; nil if nobody says anything
}

// Error says which.
func (a *Another) Error() string {
	switch {
	case a.What != "":
		return a.What
	case a.Why != nil:
		return "an image of which nobody accepted says that it was built of this commit (" + a.Why.Error() + ")"
	}
	return "an image of which nobody says that it was built of this commit"
}

// Foresee refuses, before anything is built, a version that is released already and was made from another commit: the commit's time
// is part of each image. That it is the same time proves nothing: what is built decides, or FindReleased.
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
func (t Tags) taken(i Image, there string) *exit.Failure {
	return &exit.Failure{Code: exit.Usage, Cause: fmt.Sprintf("version %[1]s is released already: %[2]s:%[1]s is %[3]s", t.Version, i.Repo, there),
		Try: "versions are never moved: choose another one with --version or a new git tag"}
}

// foreign is the failure of a run whose version is an image's that is not known to be of its commit.
func (t Tags) foreign(i Image, there string, why *Another) error {
	failure := t.taken(i, fmt.Sprintf("%s, %s, and another than was built just now, %s", there, why, i.Digest))
	failure.Err, failure.Try = why, failure.Try+", or ship what is there as it is with --from release --version "+t.Version
	return failure
}

// FindReleased decides which image a version is, once one is pushed. Built again elsewhere, or on a newer base image, the same commit
// may give other bytes: what is released as its version already is then tested and shipped again, if it is known to be of this commit.
// Whoever may push can put any image of the right time there, and this run would sign that. A version that a person has given proves
// no commit; Check refuses it.
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
	released := *i
	released.Digest, released.Earlier = digest, true
	if err := t.OfCommit(ctx, released); err != nil {
		if another := (*Another)(nil); errors.As(err, &another) {
			return t.foreign(*i, digest, another)
		}
		return err
	}
	t.Note(fmt.Sprintf("%s:%s is released already, of this commit: it is shipped, not the image that was built just now (%.19s)", i.Repo, t.Version, i.Digest))
	*i = released
	return nil
}

// Pushed returns the digest of the version or, if it is not released, of its beta.
func (t Tags) Pushed(ctx context.Context, in image.Repository) (string, error) {
	for _, tag := range []string{t.Version, image.Beta(t.Version)} {
		digest, err := t.Registry.Digest(ctx, in, tag)
		switch {
		case errors.Is(err, image.ErrDenied): // of what is not there some say so, too, lest one learn what is
			return "", fmt.Errorf("%w; where nothing was pushed to %s yet, build first: `%s --until build`", err, in, about.Program())
		case !errors.Is(err, image.ErrNotFound):
			return digest, err
		}
	}
	return "", exit.Usagef("%s has no version %s, nor %[2]s-beta: build it first (`%s --until build`), or give one that it has with --version", in, t.Version, about.Program())
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

// Give gives all images the version's tag before any becomes latest, and reports whether all did: a registry may move no tags. Since
// Check, a run may have signed for seconds, and another have released the version: each tag is looked at again directly before it is
// given, and all of them when all is done. What remains is a run that looks before this one gives the tag and gives it after that.
func (t Tags) Give(ctx context.Context, images []Image) (latest bool, err error) {
	for _, i := range images {
		if err := t.give(ctx, i); err != nil {
			return false, err
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
	return latest, t.Check(ctx, images)
}

// give gives an image the version's tag. If another run does so at the same moment, that is what the error tells, not what the
// registry said.
func (t Tags) give(ctx context.Context, i Image) error {
	if err := t.Check(ctx, []Image{i}); err != nil {
		return err
	}
	given := t.Registry.Tag(ctx, i.Repo, i.Digest, t.Version)
	if err := t.Check(ctx, []Image{i}); err != nil {
		return err
	}
	return unmoved(given)
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
