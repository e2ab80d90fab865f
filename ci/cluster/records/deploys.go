package records

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
	"github.com/slipway-cd/slipway/ci/history"
)

const (
	// deploysName is the one Secret that tells of all deploys, good and bad. It holds nothing
	// secret; it is one since the pipeline's account may write no kind in its stead that
	// applications do not bring, and one alone since a quota counts them.
	deploysName  = "slipway-history"
	deploysField = "deploys" // gzipped JSON
	deploysKept  = 1000      // that is about 150 KB
)

// kept are the deploys as they were read.
type kept struct {
	deploys []history.Deploy
	uid     types.UID // of the Secret; empty: there is none yet
	version string
}

// Deploys returns what became of the deploys to a namespace, newest first, with the
// releases that an older version recorded. What cannot be read comes apart.
func Deploys(ctx context.Context, c *cluster.Cluster, namespace string) ([]history.Deploy, []Broken, error) {
	known, err := readDeploys(ctx, c, namespace)
	var bad []Broken
	if broken := (unreadable{}); errors.As(err, &broken) {
		bad, err = append(bad, broken.Broken), nil
	}
	if err != nil {
		return nil, nil, err
	}
	releases, badReleases, err := Releases(ctx, c, namespace)
	return history.Filled(known.deploys, told(releases)), append(bad, badReleases...), err
}

// SaveDeploy notes what became of a deploy and returns all that are known; of the oldest
// it forgets those that are too many. Whoever calls it has the lock.
func SaveDeploy(ctx context.Context, c *cluster.Cluster, namespace string, one history.Deploy) ([]history.Deploy, error) {
	for {
		known, err := readDeploys(ctx, c, namespace)
		if err != nil {
			return nil, err
		}
		all := history.With(known.deploys, one)
		if known.uid == "" { // an older version may have released before
			releases, _, err := Releases(ctx, c, namespace)
			if err != nil {
				return nil, err
			}
			all = history.Filled(all, told(releases))
		}
		err = writeDeploys(ctx, c, namespace, known, all[:min(deploysKept, len(all))])
		if !write.Outdated(err) { // else somebody who had lost the lock wrote meanwhile
			return all, cluster.FromAPI(ctx, managed.Name("Secret", namespace, deploysName), "note the deploy", err)
		}
		if lease := cluster.Fenced(ctx); lease != nil {
			if err := lease.Ask(ctx); err != nil {
				return nil, err
			}
		}
	}
}

// told is what releases, newest first, tell of their deploys. One of a version that was
// there before is a rollback.
func told(releases []Release) (out []history.Deploy) {
	for i, release := range releases {
		deploy := release.deploy()
		deploy.Rollback = slices.ContainsFunc(releases[i+1:], func(before Release) bool {
			return before.Version == release.Version && before.Digest == release.Digest
		})
		out = append(out, deploy.Kept())
	}
	return out
}

func (r Release) deploy() history.Deploy {
	return history.Deploy{Run: r.Run, Version: r.Version, Commit: r.Commit, Digest: r.Digest, Committed: r.Committed, Ended: r.Time, Result: history.Released}
}

// Told is the deploy of the run that the way back leads back from, as far as it is known
// before it has ended.
func (u UndoRecord) Told() history.Deploy {
	out := u.Deploy
	out.Run, out.Version, out.Back, out.Begun = u.Run, u.Version, u.Back, u.Time
	return out
}

// unreadable is the error of a Secret that somebody has edited.
type unreadable struct{ Broken }

// Error says what is broken and what removes it.
func (u unreadable) Error() string { return u.String() + "; `" + u.Remove + "` removes it" }

func readDeploys(ctx context.Context, c *cluster.Cluster, namespace string) (known kept, err error) {
	secret, err := c.Typed.CoreV1().Secrets(namespace).Get(ctx, deploysName, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return known, nil
	case err != nil:
		return known, cluster.FromAPI(ctx, managed.Name("Secret", namespace, deploysName), "read", err)
	}
	known.uid, known.version = secret.UID, secret.ResourceVersion
	var content json.RawMessage
	if content, err = unpack[json.RawMessage](secret.Data[deploysField]); err == nil {
		err = json.Unmarshal(content, &known.deploys)
	}
	if err != nil {
		return known, unreadable{broken(secret, "history", err)}
	}
	return known, nil
}

// writeDeploys replaces what was read, and nothing else.
func writeDeploys(ctx context.Context, c *cluster.Cluster, namespace string, known kept, all []history.Deploy) error {
	packed, err := pack(all)
	for err == nil && len(packed) > partSize { // of causes that do not compress
		all = all[:len(all)*9/10]
		packed, err = pack(all)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", managed.Name("Secret", namespace, deploysName), err)
	}
	secret := applycorev1.Secret(deploysName, namespace).WithType(recordType("history")).WithData(map[string][]byte{deploysField: packed}).
		WithLabels(map[string]string{managed.LabelManagedBy: managed.FieldManager, managed.LabelRecord: "history"})
	if known.uid == "" {
		secret.WithResourceVersion(write.Absent)
	} else {
		secret.WithUID(known.uid).WithResourceVersion(known.version)
	}
	_, err = applySecret(ctx, c, secret)
	return err
}
