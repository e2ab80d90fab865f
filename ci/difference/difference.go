// Package difference tells what changed between two releases of an application: commits, objects and the packages in its images. It
// writes nothing, and does not know how that is shown.
package difference

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/image"
)

// Difference is what changed between two releases. What cannot be known says why; lists may be empty, but are never nil.
type Difference struct {
	Namespace string         `json:"namespace"`
	From      history.Deploy `json:"from"`
	To        history.Deploy `json:"to"`

	Commits      []history.Commit `json:"commits"` // that came, the newest first
	Gone         []history.Commit `json:"gone"`    // that From had and To has not: it is an older one, or of another branch
	CommitsError string           `json:"commitsError,omitempty"`

	Changes      []apply.Preview `json:"changes"` // of all objects as they were rendered, unchanged ones too
	ObjectsError string          `json:"objectsError,omitempty"`

	Images []Contents `json:"images"`
}

// Git lists the commits that to has and from has not, the newest first.
type Git func(ctx context.Context, from, to string) ([]history.Commit, error)

// Sources are where the releases of an application are read.
type Sources struct {
	Namespace  string // of production
	Images     []artifact.Image
	Production *cluster.Cluster
	Registry   *image.Registry
	Sigstore   *evidence.Sigstore // by which keyless signatures are known
	Git        Git
}

// Compare returns what changed from one version to another, of those that production had. It writes nothing. A version that
// nobody deployed is a usage error.
func Compare(ctx context.Context, in Sources, from, to string) (Difference, error) {
	deploys, _, err := records.Deploys(ctx, in.Production, in.Namespace)
	if err != nil {
		return Difference{}, err
	}
	releases, _, err := records.Releases(ctx, in.Production, in.Namespace)
	if err != nil {
		return Difference{}, err
	}
	former, err := sideOf(from, deploys, releases, in.Images)
	if err != nil {
		return Difference{}, err
	}
	later, err := sideOf(to, deploys, releases, in.Images)
	if err != nil {
		return Difference{}, err
	}
	out := Difference{Namespace: in.Namespace, From: former.deploy, To: later.deploy}
	out.compareCommits(ctx, in.Git)
	out.compareObjects(former, later)
	out.Images = make([]Contents, len(in.Images))
	var reading errgroup.Group
	for n := range in.Images {
		reading.Go(func() error {
			out.Images[n] = contentsBetween(ctx, in.Registry, in.Sigstore, former, later, n)
			return nil
		})
	}
	return out, reading.Wait()
}

// side is one of the two releases.
type side struct {
	deploy  history.Deploy
	release *records.Release // nil: only what became of it is kept
	images  []artifact.Image
}

// sideOf finds the newest release of a version, or else the newest try at it.
func sideOf(version string, deploys []history.Deploy, releases []records.Release, images []artifact.Image) (side, error) {
	known := func(d history.Deploy) bool { return d.Version == version }
	i := slices.IndexFunc(deploys, func(d history.Deploy) bool { return known(d) && d.Result == history.Released })
	if i < 0 {
		i = slices.IndexFunc(deploys, known)
	}
	switch {
	case len(deploys) == 0:
		return side{}, exit.Usagef("diff %s: nothing was deployed yet", version)
	case i < 0:
		return side{}, exit.Usagef("diff %s: no such version was deployed; known are %s", version, strings.Join(history.Versions(deploys), ", "))
	}
	out := side{deploy: deploys[i], images: slices.Clone(images)}
	out.images[0].Digest = out.deploy.Digest
	if i := slices.IndexFunc(releases, func(r records.Release) bool { return r.Version == version }); i >= 0 {
		out.release = &releases[i]
		if err := artifact.Recall(out.images, out.release.Objects); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (d *Difference) compareCommits(ctx context.Context, git Git) {
	d.Commits, d.Gone = []history.Commit{}, []history.Commit{}
	for _, one := range []history.Deploy{d.From, d.To} {
		if !commits.IsHash(one.Commit) {
			d.CommitsError = "the commit of " + one.Version + " is not known"
			return
		}
	}
	came, err := git(ctx, d.From.Commit, d.To.Commit)
	if err == nil {
		d.Commits = append(d.Commits, came...)
		came, err = git(ctx, d.To.Commit, d.From.Commit)
		d.Gone = append(d.Gone, came...)
	}
	if err != nil {
		d.CommitsError = err.Error()
	}
}

func (d *Difference) compareObjects(former, later side) {
	d.Changes = []apply.Preview{}
	for _, one := range []side{former, later} {
		if one.release == nil {
			d.ObjectsError = "those of " + one.deploy.Version + " are not kept: production has the objects of its newest releases only"
			return
		}
	}
	d.Changes = apply.Compare(former.release.Objects, later.release.Objects)
}
