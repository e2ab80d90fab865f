package records

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/about"
	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Broken is a record that cannot be read: somebody has edited or removed a part of it.
type Broken struct {
	Record string    `json:"record"` // "release", "undo" or "history"
	Secret string    `json:"secret"` // NAMESPACE/NAME
	Cause  string    `json:"cause"`
	Made   time.Time `json:"made"`
	Look   string    `json:"look"`   // the command that shows it
	Remove string    `json:"remove"` // the command that removes it

	division string // its id, when it has one
}

// Unrecoverable is the error of an undo record that cannot be read: only a person can find out what its run has left.
func (b Broken) Unrecoverable() error {
	return &cluster.Error{Class: cluster.Misconfigured, Object: "Secret " + b.Secret,
		Cause:    "a run that began to change production at " + b.Made.UTC().Format("2006-01-02 15:04:05 MST") + " recorded here how to undo that, but the record cannot be read: " + b.Cause,
		Evidence: []string{"who edited it: " + b.Look, "what differs from this version's overlay: " + about.Program() + " plan"},
		Try:      "look at production, repair what that run left half done, then run `" + b.Remove + "`"}
}

// String says in one line what is broken.
func (b Broken) String() string {
	return fmt.Sprintf("Secret %s: is no record of %s: %s", b.Secret, map[string]string{"release": "a release", "undo": "a way back", "history": "deploys"}[b.Record], b.Cause)
}
func broken(head *corev1.Secret, kind string, why error) Broken {
	var told division
	_ = json.Unmarshal(head.Data[partsField], &told) // else it has no parts that are known
	kubectl := "kubectl -n " + head.Namespace + " "
	return Broken{Record: kind, Secret: head.Namespace + "/" + head.Name, Cause: cluster.OneLine(why.Error()), Made: head.CreationTimestamp.Time,
		Look: kubectl + "get secret " + head.Name + " -o yaml --show-managed-fields", Remove: kubectl + "delete secret " + head.Name, division: told.ID}
}

// errChanged says that a record was removed or written anew while it was read.
var errChanged = errors.New("it was changed while it was read")

// readRecords reads the records of a kind; read makes a value of each. Those that
// cannot be read come apart.
func readRecords[T any](ctx context.Context, c *cluster.Cluster, namespace, kind string, read func(fields map[string][]byte, s stored) (T, error)) (whole []T, bad []Broken, err error) {
	list, err := c.Typed.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{LabelSelector: managed.LabelRecord + "=" + kind})
	if err != nil {
		return nil, nil, cluster.FromAPI(ctx, "namespace "+namespace, "list the records of "+kind+"s", err)
	}
	for i := range list.Items {
		head := &list.Items[i]
		value, err := readOne(ctx, c, head, read)
		for tries := 0; errors.Is(err, errChanged) && tries < 3; tries++ {
			if head, err = c.Typed.CoreV1().Secrets(namespace).Get(ctx, head.Name, metav1.GetOptions{}); err == nil {
				value, err = readOne(ctx, c, head, read)
			}
		}
		var known *cluster.Error
		switch {
		case err == nil:
			whole = append(whole, value)
		case apierrors.IsNotFound(err): // it was forgotten meanwhile
		case errors.As(err, &known):
			return nil, nil, err
		default:
			bad = append(bad, broken(&list.Items[i], kind, err))
		}
	}
	return whole, bad, nil
}

func readOne[T any](ctx context.Context, c *cluster.Cluster, head *corev1.Secret, read func(map[string][]byte, stored) (T, error)) (value T, err error) {
	at := stored{namespace: head.Namespace, name: head.Name, uid: head.UID, version: head.ResourceVersion}
	fields := head.Data
	if told := head.Data[partsField]; told != nil {
		if err := json.Unmarshal(told, &at.division); err != nil {
			return value, err
		}
		if fields, err = join(ctx, c, at); err != nil {
			return value, err
		}
	}
	return read(fields, at)
}

// join reads the fields that are in parts. The error is errChanged when they are not
// all there and the head is no longer as it was read.
func join(ctx context.Context, c *cluster.Cluster, at stored) (map[string][]byte, error) {
	list, err := c.Typed.CoreV1().Secrets(at.namespace).List(ctx, metav1.ListOptions{LabelSelector: labelParts + "=" + at.division.ID})
	if err != nil {
		return nil, cluster.FromAPI(ctx, at.object(), "read its parts", err)
	}
	fields, err := at.joined(list.Items)
	if err == nil {
		return fields, nil
	}
	head, gone := c.Typed.CoreV1().Secrets(at.namespace).Get(ctx, at.name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(gone), gone == nil && (head.UID != at.uid || head.ResourceVersion != at.version):
		return nil, errChanged
	case gone != nil:
		return nil, cluster.FromAPI(ctx, at.object(), "read", gone)
	}
	return nil, err
}

// joined puts the parts' contents together and holds them against the head's sums.
func (s stored) joined(parts []corev1.Secret) (map[string][]byte, error) {
	slices.SortFunc(parts, func(a, b corev1.Secret) int { return strings.Compare(a.Name, b.Name) })
	fields, counts := map[string][]byte{}, map[string]int{}
	for _, part := range parts {
		for field, content := range part.Data {
			fields[field] = append(fields[field], content...)
			counts[field]++
		}
	}
	for field, wanted := range s.division.Fields {
		sum := sha256.Sum256(fields[field])
		switch {
		case counts[field] != wanted.Count:
			return nil, fmt.Errorf("%d of its %d parts of %s are there", counts[field], wanted.Count, field)
		case hex.EncodeToString(sum[:]) != wanted.SHA256:
			return nil, fmt.Errorf("its parts of %s were edited", field)
		}
	}
	return fields, nil
}

// removeParts removes the selected parts, but for those of the divisions to keep.
func removeParts(ctx context.Context, c *cluster.Cluster, namespace, selector string, keep []string) error {
	secrets := c.Metadata.Resource(corev1.SchemeGroupVersion.WithResource("secrets")).Namespace(namespace)
	found, err := secrets.List(ctx, metav1.ListOptions{LabelSelector: managed.LabelRecord + "=" + recordPart + "," + selector})
	if err != nil {
		return cluster.FromAPI(ctx, "namespace "+namespace, "list parts of records", err)
	}
	var group errgroup.Group
	group.SetLimit(cluster.Parallel)
	for _, part := range found.Items {
		if slices.Contains(keep, part.Labels[labelParts]) {
			continue
		}
		group.Go(func() error {
			err := secrets.Delete(ctx, part.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &part.UID}})
			if apierrors.IsNotFound(err) {
				return nil
			}
			return cluster.FromAPI(ctx, managed.Name("Secret", namespace, part.Name), "forget", err)
		})
	}
	return group.Wait()
}
