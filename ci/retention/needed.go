package retention

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/runs"
	"github.com/slipway-cd/slipway/ci/image"
)

// Why the image of a beta stays, in the order in which it is told.
const (
	keptReleased = "released"
	keptRecorded = "recorded in a release or its undo"
	keptRunning  = "running"
	keptInFlight = "of a run in flight"
	keptByEngine = "in use by builds"
	keptNewest   = "among the newest"
	keptYoung    = "too young"
	keptPart     = "part of an index that stays"
	keptOthers   = "of other runs" // told by no run
)

var keptReasons = []string{keptReleased, keptRecorded, keptRunning, keptInFlight, keptByEngine, keptNewest, keptYoung, keptPart}

// needed is what a cluster has a use for, and why.
type needed struct {
	digests map[string]string
	tags    map[string]string // of REPOSITORY:TAG, where somebody does not name a digest
	flying  map[string]bool   // versions of runs in flight
}

// digestPattern finds digests wherever they stand, in an annotation or an argument, too.
var digestPattern = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// tagPattern finds what may be an image's name with a tag.
var tagPattern = regexp.MustCompile(`[a-z0-9][A-Za-z0-9._:/-]*:[A-Za-z0-9_][A-Za-z0-9._-]*`)

// add notes all images that stand in a text.
func (n *needed) add(text, why string) {
	for _, digest := range digestPattern.FindAllString(text, -1) {
		if n.digests[digest] == "" {
			n.digests[digest] = why
		}
	}
	for _, tag := range tagPattern.FindAllString(text, -1) {
		if n.tags[tag] == "" {
			n.tags[tag] = why
		}
	}
}

// neededBy reads the cluster. Production may be nil for a run that has no credentials for it: what only a beta's tag leads to
// cannot run there. A record that cannot be read is an error, for nobody knows what it needs; so is a namespace that does not
// exist, or that is another application's, in which nothing would be found.
func neededBy(ctx context.Context, in Cleanup) (*needed, error) {
	out := &needed{digests: map[string]string{}, tags: map[string]string{}, flying: map[string]bool{}}
	var recorded []string
	var live []runs.Run
	reading, each := errgroup.WithContext(ctx)
	if in.Production != nil {
		reading.Go(func() (err error) {
			recorded, err = in.recordedImages(each)
			return err
		})
	}
	pods := make([][]string, 2)
	for i, at := range []struct {
		c         *cluster.Cluster
		namespace string
	}{{in.Build, in.BuildNamespace}, {in.Production, in.Namespace}} {
		if at.c == nil {
			continue
		}
		reading.Go(func() (err error) {
			pods[i], err = rollout.PodImages(each, at.c, at.namespace)
			return err
		})
		reading.Go(func() error { return at.c.CheckAccess(each, at.namespace) })
	}
	reading.Go(func() (err error) {
		live, err = runs.List(each, in.Build, in.BuildNamespace)
		return err
	})
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	for _, text := range recorded {
		out.add(text, keptRecorded)
	}
	for _, text := range slices.Concat(pods...) {
		out.add(text, keptRunning)
	}
	for _, run := range live {
		if run.ID != in.Run {
			out.flying[run.Data["version"]] = true
		}
	}
	return out, nil
}

// recordedImages returns, as text, all that production's releases and ways back hold.
func (in Cleanup) recordedImages(ctx context.Context) (texts []string, err error) {
	releases, badReleases, err := records.Releases(ctx, in.Production, in.Namespace)
	if err != nil {
		return nil, err
	}
	undos, badUndos, err := records.Undos(ctx, in.Production, in.Namespace)
	if err != nil {
		return nil, err
	}
	if len(releases) > 0 {
		if err := in.Of(&releases[0]); err != nil {
			return nil, err
		}
	}
	for _, bad := range slices.Concat(badReleases, badUndos) {
		return nil, &cluster.Error{Class: cluster.Misconfigured, Object: "Secret " + bad.Secret, Cause: "nothing is removed, for this record cannot be read: " + bad.Cause,
			Try: "look at it, then run `" + bad.Remove + "`"}
	}
	var all []any
	for _, release := range releases {
		all = append(all, release.Digest, release.Objects)
	}
	for _, undo := range undos {
		all = append(all, undo, undo.Former, undo.Taken)
	}
	for _, value := range all {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// of is why a tag of a repository is needed; empty: it is not.
func (n *needed) of(repository, tag string, digests []string) string {
	for _, digest := range digests {
		if why := n.digests[digest]; why != "" {
			return why
		}
	}
	if why := n.tags[repository+":"+tag]; why != "" {
		return why
	}
	if version, _ := image.IsBeta(tag); n.flying[version] {
		return keptInFlight
	}
	return ""
}

// untagged are the digests that no tag of a repository leads to: images of others, and some of this one.
func (n *needed) untagged(tagged map[string]bool) (out []string) {
	for _, digest := range slices.Sorted(maps.Keys(n.digests)) {
		if !tagged[digest] {
			out = append(out, digest)
		}
	}
	return out
}
