// Package retention removes images of betas that nothing needs any more: no release, no way back, no pod, no run in flight. It
// does not know how an image is built or deployed.
package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/image"
)

// Cleanup removes images of betas that nothing needs from an application's repositories.
type Cleanup struct {
	Repositories              []image.Repository
	Of                        func(*records.Release) error // refuses a release that is another application's
	Registry                  *image.Registry
	Build, Production         *cluster.Cluster
	BuildNamespace, Namespace string
	Keep                      int           // the newest so many of each repository stay, by the times of their commits
	Older                     time.Duration // only what is older goes; 0: whatever its age
	Plan                      bool          // nothing is removed
	Tell                      func(line string)

	// Of one run: nothing but these digests, which it needs no longer.
	Only map[string]bool
	Run  string
}

// parallelRemovals bounds how many images are removed at once.
const parallelRemovals = 4

// Remove reads all that may need an image, then removes what nothing does.
func (in Cleanup) Remove(ctx context.Context) error {
	choices := make([]chosen, len(in.Repositories))
	tags := make([][]image.Tagged, len(in.Repositories))
	timed := func(tag string) bool { return in.Only == nil && isBeta(tag) }
	var reading errgroup.Group
	for i, repository := range in.Repositories { // before the cluster: a run that is seen neither there nor here pushes only now
		reading.Go(func() (err error) {
			tags[i], err = in.Registry.List(ctx, repository, timed)
			return err
		})
	}
	if err := reading.Wait(); err != nil {
		return err
	}
	n, err := neededBy(ctx, in)
	if err != nil {
		return err
	}
	for i, repository := range in.Repositories {
		held, err := in.untaggedParts(ctx, repository, tags[i], n)
		if err != nil {
			return err
		}
		choices[i] = in.choose(repository, tags[i], held, n, in.Build.Now())
	}
	for i, choice := range choices {
		if err := in.remove(ctx, in.Repositories[i], choice); err != nil {
			return err
		}
	}
	return nil
}

// untaggedParts returns the parts of indexes that are needed and have no tag any more.
func (in Cleanup) untaggedParts(ctx context.Context, repository image.Repository, tags []image.Tagged, n *needed) (parts []string, err error) {
	tagged := map[string]bool{}
	for _, t := range tags {
		for _, digest := range append([]string{t.Digest}, t.Parts...) {
			tagged[digest] = true
		}
	}
	if !slices.ContainsFunc(tags, func(t image.Tagged) bool { return isBeta(t.Tag) && len(t.Parts) > 0 }) {
		return nil, nil // nothing that goes has parts
	}
	for _, digest := range n.untagged(tagged) {
		more, err := in.Registry.Parts(ctx, repository, digest)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	return parts, nil
}

// remove removes what was chosen in one repository, and tells each and the sum.
func (in Cleanup) remove(ctx context.Context, repository image.Repository, choice chosen) error {
	var telling sync.Mutex
	removed, total := 0, 0
	for _, old := range choice.gone {
		total += len(old.Tags)
	}
	for _, count := range choice.kept {
		total += count
	}
	removing, each := errgroup.WithContext(ctx)
	removing.SetLimit(parallelRemovals)
	for _, old := range choice.gone {
		removing.Go(func() error {
			what, err := in.removeOne(each, old, choice)
			if err != nil {
				return err
			}
			telling.Lock()
			defer telling.Unlock()
			if what == "" {
				choice.kept[keptReleased] += len(old.Tags)
				return nil
			}
			removed += len(old.Tags)
			in.Tell(fmt.Sprintf("%s: %s%s", old, map[bool]string{true: "would be "}[in.Plan], what))
			return nil
		})
	}
	err := removing.Wait()
	var why []string
	for _, reason := range keptReasons {
		if count := choice.kept[reason]; count > 0 {
			why = append(why, fmt.Sprintf("%d %s", count, reason))
		}
	}
	sum := fmt.Sprintf("%s: %d of %d -beta tags %sremoved", repository, removed, total, map[bool]string{true: "would be "}[in.Plan])
	if len(why) > 0 {
		sum += "; kept: " + strings.Join(why, ", ")
	}
	if in.Only == nil && (err == nil || removed > 0) {
		in.Tell(sum)
	}
	return in.explain(err)
}

// removeOne returns what was done, nothing where the image was released since it was listed.
func (in Cleanup) removeOne(ctx context.Context, old OldBeta, choice chosen) (string, error) {
	if in.Plan {
		return "removed", nil
	}
	for _, tag := range old.Tags {
		version, _ := image.IsBeta(tag)
		digest, err := in.Registry.Digest(ctx, old.Repository, version)
		if err != nil && !errors.Is(err, image.ErrNotFound) {
			return "", err
		}
		if err == nil && digest == old.Digest {
			return "", nil
		}
	}
	attached, err := in.Registry.Delete(ctx, old.Repository, old.Doomed, func(digest string) bool { return choice.stays[digest] })
	switch {
	case err != nil:
		return "", err
	case attached > 0:
		return fmt.Sprintf("removed, with %d attached documents", attached), nil
	}
	return "removed", nil
}

// explain says what to do about a registry that refuses.
func (in Cleanup) explain(err error) error {
	switch {
	case errors.Is(err, image.ErrNoDeletion):
		return &cluster.Error{Class: cluster.Admission, Cause: err.Error(), Err: err,
			Try: "turn deletion on (docker's registry: REGISTRY_STORAGE_DELETE_ENABLED=true), or use the registry's own rules for tags that end in -beta"}
	case errors.Is(err, image.ErrDenied):
		return &cluster.Error{Class: cluster.Admission, Cause: err.Error(), Err: err, Try: "log in to the registry with credentials that may delete"}
	}
	return err
}

func isBeta(tag string) bool {
	_, yes := image.IsBeta(tag)
	return yes
}

// String names the tags, the digest and the day.
func (o OldBeta) String() string {
	text := o.Repository.String() + ":" + strings.Join(o.Tags, ", ") + " " + o.Digest
	if !o.Created.IsZero() {
		text += " of " + o.Created.UTC().Format(time.DateOnly)
	}
	return text
}
