package cluster

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

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
)

const (
	releasePrefix = "slipway-release-"
	releaseType   = "slipway.dev/release"
	releaseField  = "release" // gzipped JSON
	releasesKept  = 5

	unpackedLimit = 64 << 20 // bytes; a Secret holds one megabyte, which unpacked could be a thousand
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
	Refs    []Ref                        `json:"refs"` // the objects as they were made: what a later release prunes

	Committed time.Time `json:"committed"`         // of the commit; zero in a record that an older version wrote
	Before    []string  `json:"before,omitempty"`  // the newest commits before it, abbreviated
	Shallow   bool      `json:"shallow,omitempty"` // Before ends where the clone was cut
}

// SaveRelease records a release in the namespace, one per run, and forgets all but
// the newest five. The run's label is not on the record: what removes a run must
// not remove its release.
func (c *Cluster) SaveRelease(ctx context.Context, namespace string, r Release) error {
	packed, err := pack(r)
	if err != nil {
		return fmt.Errorf("record release %s: %w", r.Version, err)
	}
	secret := applycorev1.Secret(releasePrefix+r.Run, namespace).
		WithLabels(map[string]string{LabelManagedBy: FieldManager, LabelRecord: "release"}).
		WithType(releaseType).WithData(map[string][]byte{releaseField: packed})
	options := metav1.ApplyOptions{FieldManager: FieldManager}
	if _, err := c.typed.CoreV1().Secrets(namespace).Apply(ctx, secret, options); err != nil {
		return fromAPI(ctx, name("Secret", namespace, *secret.Name), "record the release", err)
	}
	kept, err := c.Releases(ctx, namespace)
	if err != nil {
		return err
	}
	for _, old := range kept[min(releasesKept, len(kept)):] {
		err := c.typed.CoreV1().Secrets(namespace).Delete(ctx, releasePrefix+old.Run, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fromAPI(ctx, name("Secret", namespace, releasePrefix+old.Run), "forget the release", err)
		}
	}
	return nil
}

// Releases returns the recorded releases of the namespace, newest first.
func (c *Cluster) Releases(ctx context.Context, namespace string) ([]Release, error) {
	list, err := c.typed.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{LabelSelector: LabelRecord + "=release"})
	if err != nil {
		return nil, fromAPI(ctx, "namespace "+namespace, "list releases", err)
	}
	releases := make([]Release, len(list.Items))
	for i := range list.Items {
		if releases[i], err = readRelease(list.Items[i].Data[releaseField]); err != nil {
			return nil, &Error{Class: Misconfigured, Object: name("Secret", namespace, list.Items[i].Name), Cause: "is no release record: " + err.Error(), Err: err}
		}
	}
	slices.SortFunc(releases, func(a, b Release) int {
		return cmp.Or(cmp.Compare(b.Number, a.Number), b.Time.Compare(a.Time)) // runs' clocks may differ
	})
	return releases, nil
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

// pack returns a value as gzipped JSON.
func pack(value any) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if err := json.NewEncoder(zip).Encode(value); err != nil {
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
