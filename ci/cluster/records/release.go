package records

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

const (
	releasePrefix = "slipway-release-"
	releaseField  = "release" // gzipped JSON
	releasesKept  = 5

	packedLimit   = 64 << 20  // bytes of a record; all of them lie in etcd, whose own limit is 2 GiB
	unpackedLimit = 512 << 20 // the same unpacked, which a damaged record could make a thousandfold
)

// Release is what a run put into a namespace and verified there: enough to put it
// back. It may hold rendered Secrets and is therefore kept in one.
type Release struct {
	Version string                       `json:"version"`
	Digest  string                       `json:"digest"`
	Commit  string                       `json:"commit"`
	Run     string                       `json:"run"`
	Number  int32                        `json:"number,omitempty"` // of the lease under which it was made; 0 in a record that an older version wrote
	Time    time.Time                    `json:"time"`
	Objects []*unstructured.Unstructured `json:"objects"`
	Refs    []managed.Ref                `json:"refs"` // the objects as they were made: what a later release prunes

	Committed time.Time `json:"committed"`         // of the commit; zero in a record that an older version wrote
	Before    []string  `json:"before,omitempty"`  // the newest commits before it, abbreviated
	Shallow   bool      `json:"shallow,omitempty"` // Before ends where the clone was cut
	Dirty     bool      `json:"dirty,omitempty"`   // it held something that the commit has not

	Key      string          `json:"key,omitempty"`      // public, in PEM, by which its evidence was verified; empty where several count
	Identity Identity        `json:"identity,omitzero"`  // instead of a key, who signed its evidence keyless
	Evidence json.RawMessage `json:"evidence,omitempty"` // as its run reported it

	stored stored
}

// Identity is the subject of a certificate of Fulcio, and the issuer of the token that it was made for.
type Identity struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// SaveRelease records a release in the namespace, one per run, and forgets all but
// the newest five, and what writers that were killed left of theirs. The run's label
// is not on the record: what removes a run must not remove its release.
func SaveRelease(ctx context.Context, c *cluster.Cluster, namespace string, r *Release) error {
	made, err := r.record(namespace)
	if err != nil {
		return err
	}
	err = writeRecord(ctx, c, made)
	r.stored = made.stored
	if err != nil {
		return err
	}
	kept, bad, err := Releases(ctx, c, namespace)
	if err != nil {
		return err
	}
	for _, old := range kept[min(releasesKept, len(kept)):] {
		if err := forgetRecord(ctx, c, old.stored); err != nil {
			return err
		}
	}
	return sweepParts(ctx, c, namespace, kept, bad)
}

func (r *Release) record(namespace string) (*record, error) {
	packed, err := pack(r)
	if err != nil {
		return nil, fmt.Errorf("record release %s: %w", r.Version, err)
	}
	made := &record{kind: "release", number: r.Number, fields: map[string][]byte{releaseField: packed}, stored: r.stored}
	made.stored.namespace, made.stored.name = namespace, releasePrefix+r.Run
	return made, nil
}

// sweepParts removes parts that no head tells of: their writer was killed, or their
// record was written anew.
func sweepParts(ctx context.Context, c *cluster.Cluster, namespace string, releases []Release, bad []Broken) error {
	undos, badUndos, err := Undos(ctx, c, namespace)
	if err != nil {
		return err
	}
	var keep []string
	for _, b := range append(bad, badUndos...) {
		keep = append(keep, b.division)
	}
	for _, release := range releases {
		keep = append(keep, release.stored.division.ID)
	}
	for _, undo := range undos {
		keep = append(keep, undo.stored.division.ID)
	}
	return removeParts(ctx, c, namespace, labelParts, keep)
}

// Releases returns the recorded releases of the namespace, newest first, and apart
// those whose records cannot be read.
func Releases(ctx context.Context, c *cluster.Cluster, namespace string) ([]Release, []Broken, error) {
	releases, bad, err := readRecords(ctx, c, namespace, "release", func(fields map[string][]byte, at stored) (Release, error) {
		r, err := readRelease(fields[releaseField])
		r.stored = at
		return r, err
	})
	slices.SortFunc(releases, func(a, b Release) int {
		return cmp.Or(cmp.Compare(b.Number, a.Number), b.Time.Compare(a.Time)) // runs' clocks may differ
	})
	return releases, bad, err
}

func readRelease(packed []byte) (Release, error) {
	r, err := unpack[Release](packed)
	if err != nil {
		return r, err
	}
	return r, named(r.Objects)
}

// named returns an error unless every object of a record says what it is.
func named(objects []*unstructured.Unstructured) error {
	for i, object := range objects {
		if object == nil || object.GetAPIVersion() == "" || object.GetKind() == "" || object.GetName() == "" {
			return fmt.Errorf("object %d of %d has no apiVersion, kind or name", i+1, len(objects))
		}
	}
	return nil
}

// pack returns a value as gzipped JSON. The error says so when it is more than unpack takes.
func pack(value any) ([]byte, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	if len(content) > unpackedLimit {
		return nil, fmt.Errorf("it is %d MiB, and at most %d are kept", len(content)>>20, unpackedLimit>>20)
	}
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := zip.Write(content); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unpack reads what pack made, numbers as Kubernetes has them: whole ones as int64.
func unpack[T any](packed []byte) (value T, err error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return value, err
	}
	content, err := io.ReadAll(io.LimitReader(zip, unpackedLimit))
	if err != nil {
		return value, err
	}
	err = utiljson.Unmarshal(content, &value)
	return value, err
}

// Renew puts the uids of the references in now into those of the release that
// name the same objects, and reports whether any was another.
func (r *Release) Renew(now []managed.Ref) (changed bool) {
	for i := range r.Refs {
		for _, ref := range now {
			if ref.Place() == r.Refs[i].Place() && ref.UID != r.Refs[i].UID {
				r.Refs[i], changed = ref, true
			}
		}
	}
	return changed
}
