// Package records keeps what production was and is in Secrets beside it: the way back
// of a run before its first write, its release after its last; and it goes that way
// back. It does not take the lock; its callers have it.
package records

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

const (
	// partSize is how many bytes of a record one Secret holds: as base64 one MiB, of
	// the 1.5 that etcd takes at once. It is divisible by three, so that the base64 of
	// parts can be joined as it is.
	partSize = 3 << 18

	partsField = "parts"             // of a head whose record is longer: JSON of division
	labelParts = "slipway.dev/parts" // on a part: the id of the division that it is of
	recordPart = "part"              // value of LabelRecord on a part
)

// record is what a run leaves to those after it: a release, or a way back. It is kept
// in Secrets, for it may hold some, and in as many as it needs. The parts are written
// first; the head, whose name is known, comes last and says how many there are and
// what they add up to. A reader finds all of it or nothing.
type record struct {
	kind   string // value of LabelRecord on the head
	number int32  // of the lease under which it is written
	fields map[string][]byte
	stored stored
}

// stored is where a record was read or written, and as what.
type stored struct {
	namespace, name string
	uid             types.UID // of the head; empty: there is none yet
	version         string
	division        division
}

// division tells of the fields that a head does not hold itself.
type division struct {
	ID     string            `json:"id"`
	Fields map[string]pieces `json:"fields"`
}

type pieces struct {
	Count  int    `json:"count"`
	SHA256 string `json:"sha256"` // of the whole field
}

func (s stored) object() string { return managed.Name("Secret", s.namespace, s.name) }

// divide returns what the head holds and, when that is too much for one Secret, the
// parts by name.
func (r *record) divide() (head map[string][]byte, parts map[string]map[string][]byte, err error) {
	size := 0
	for _, content := range r.fields {
		size += len(content)
	}
	r.stored.division = division{}
	if size <= partSize {
		return r.fields, nil, nil
	}
	into := division{ID: strings.ToLower(rand.Text()[:12]), Fields: map[string]pieces{}}
	head, parts = map[string][]byte{}, map[string]map[string][]byte{}
	for field, content := range r.fields {
		sum, count := sha256.Sum256(content), 0
		for piece := range slices.Chunk(content, partSize) {
			parts[fmt.Sprintf("%s-%s-%s-%04d", r.stored.name, into.ID, field, count)] = map[string][]byte{field: piece}
			count++
		}
		into.Fields[field] = pieces{Count: count, SHA256: hex.EncodeToString(sum[:])}
	}
	r.stored.division = into
	head[partsField], err = json.Marshal(into)
	return head, parts, err
}

// writeRecord writes the record and remembers as what.
func writeRecord(ctx context.Context, c *cluster.Cluster, r *record) error {
	head, parts, err := r.divide()
	if err != nil {
		return fmt.Errorf("%s: %w", r.stored.object(), err)
	}
	var group errgroup.Group
	group.SetLimit(cluster.Parallel)
	for partName, data := range parts {
		group.Go(func() error {
			part := applycorev1.Secret(partName, r.stored.namespace).WithType(recordType(r.kind)).WithData(data).
				WithLabels(map[string]string{managed.LabelManagedBy: managed.FieldManager, managed.LabelRecord: recordPart, labelParts: r.stored.division.ID})
			_, err := applySecret(ctx, c, part)
			return cluster.FromAPI(ctx, managed.Name("Secret", r.stored.namespace, partName), "record the "+r.kind, err)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	secret := applycorev1.Secret(r.stored.name, r.stored.namespace).WithType(recordType(r.kind)).WithData(head).
		WithLabels(map[string]string{managed.LabelManagedBy: managed.FieldManager, managed.LabelRecord: r.kind}).
		WithAnnotations(map[string]string{managed.NumberAnnotation: fmt.Sprint(r.number)})
	return cluster.FromAPI(ctx, r.stored.object(), "record the "+r.kind, writeHead(ctx, c, r, secret))
}

// writeHead writes the head as it was read, for whoever has a lease. What is there
// instead was written by a request that was under way when its run lost the lease,
// or by this one, whose answer was lost.
func writeHead(ctx context.Context, c *cluster.Cluster, r *record, secret *applycorev1.SecretApplyConfiguration) error {
	for {
		if cluster.Fenced(ctx) != nil {
			secret.UID, secret.ResourceVersion = nil, nil
			if r.stored.uid == "" {
				secret.WithResourceVersion(write.Absent)
			} else {
				secret.WithUID(r.stored.uid).WithResourceVersion(r.stored.version)
			}
		}
		written, err := applySecret(ctx, c, secret)
		if !write.Outdated(err) {
			if err == nil {
				r.stored.uid, r.stored.version = written.UID, written.ResourceVersion
			}
			return err
		}
		live, err := readHead(ctx, c, r.stored)
		if err != nil {
			return err
		}
		r.stored.uid, r.stored.version = live.UID, live.ResourceVersion
		if equality.Semantic.DeepEqual(live.Data, secret.Data) {
			return nil
		}
	}
}

// readHead reads a head again after a write was refused, provided that the lease is
// still held. Where there is none its uid is empty.
func readHead(ctx context.Context, c *cluster.Cluster, s stored) (*corev1.Secret, error) {
	if lease := cluster.Fenced(ctx); lease != nil {
		if err := lease.Ask(ctx); err != nil {
			return nil, err
		}
	}
	live, err := c.Typed.CoreV1().Secrets(s.namespace).Get(ctx, s.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return &corev1.Secret{}, nil
	}
	return live, err
}

func applySecret(ctx context.Context, c *cluster.Cluster, secret *applycorev1.SecretApplyConfiguration) (*corev1.Secret, error) {
	return c.Typed.CoreV1().Secrets(*secret.Namespace).Apply(ctx, secret, metav1.ApplyOptions{FieldManager: managed.FieldManager, Force: true})
}

// forgetRecord removes a record as it was read, the head first: parts alone are nothing.
func forgetRecord(ctx context.Context, c *cluster.Cluster, s stored) error {
	for {
		options := metav1.DeleteOptions{}
		if cluster.Fenced(ctx) != nil && s.uid != "" {
			options.Preconditions = &metav1.Preconditions{UID: &s.uid, ResourceVersion: &s.version}
		}
		err := c.Typed.CoreV1().Secrets(s.namespace).Delete(ctx, s.name, options)
		if !write.Outdated(err) {
			if err != nil && !apierrors.IsNotFound(err) {
				return cluster.FromAPI(ctx, s.object(), "forget", err)
			}
			break
		}
		live, err := readHead(ctx, c, s)
		if err != nil {
			return cluster.FromAPI(ctx, s.object(), "forget", err)
		}
		if live.UID != s.uid {
			break // it is gone, or another
		}
		s.version = live.ResourceVersion
	}
	if s.division.ID == "" {
		return nil
	}
	return removeParts(ctx, c, s.namespace, labelParts+"="+s.division.ID, nil)
}

func recordType(kind string) corev1.SecretType { return corev1.SecretType("slipway.dev/" + kind) }
