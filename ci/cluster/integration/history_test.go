package integration

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/history"
)

func TestAHistoryBeginsWithTheReleasesThatAnOlderVersionRecorded(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	all, bad, err := records.Deploys(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Empty(t, append(all, history.Deploy{})[1:])
	require.Empty(t, bad)

	now := c.Now()
	for i, version := range []string{"v1", "v2", "v1"} {
		old := records.Release{Run: fmt.Sprint(i), Version: version, Digest: version, Number: int32(i + 1), Time: now.Add(time.Duration(i) * time.Hour), Committed: now.Add(-time.Hour)}
		require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &old))
	}
	all, _, err = records.Deploys(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.True(t, all[0].Rollback, "it went back to v1")
	require.Equal(t, 7200.0, all[1].LeadSeconds)
	require.Len(t, recordsIn(t, c, namespace), 3, "reading wrote something")

	newest := history.Deploy{Run: "2", Version: "v1", Who: "ada", Ended: now.Add(2 * time.Hour), Result: history.Released}
	saved, err := records.SaveDeploy(t.Context(), c, namespace, newest)
	require.NoError(t, err)
	require.Len(t, saved, 3)
	require.Equal(t, "ada", saved[0].Who, "what the run knows counts more than what its release has recorded")

	failed := history.Deploy{Run: "bad", Version: "v3", Back: "v1", Begun: now.Add(3 * time.Hour), Ended: now.Add(4 * time.Hour), Result: history.Undone, ExitCode: 32, Cause: "it crashed"}
	saved, err = records.SaveDeploy(t.Context(), c, namespace, failed)
	require.NoError(t, err)
	require.Len(t, saved, 4)
	all, _, err = records.Deploys(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Equal(t, []string{"bad", "2", "1", "0"}, []string{all[0].Run, all[1].Run, all[2].Run, all[3].Run})
	require.Equal(t, failed.Cause, all[0].Cause)

	for i := range 6 { // of releases themselves only five are kept
		later := records.Release{Run: fmt.Sprint("later-", i), Version: "v4", Number: 9, Time: now.Add(time.Duration(5+i) * time.Hour)}
		require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &later))
		_, err := records.SaveDeploy(t.Context(), c, namespace, history.Deploy{Run: later.Run, Version: "v4", Ended: later.Time, Result: history.Released})
		require.NoError(t, err)
	}
	all, _, err = records.Deploys(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Len(t, all, 10)
	releases, _, err := records.Releases(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Len(t, releases, 5, "a deploy's note counts as a release")
}

func TestAHistoryKeepsTheNewestThousand(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	now := c.Now()
	var all []history.Deploy
	for i := range 1005 {
		hash := func(of string) string { return fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, of, i))) }
		id := hash("image")
		all = append(all, history.Deploy{Run: fmt.Sprint(i), Version: fmt.Sprint(i, "-g", id[:8]), Digest: "sha256:" + id, Commit: hash("commit")[:40], Who: "ada", Ended: now.Add(time.Duration(-i) * time.Minute),
			Result: history.Released, Evidence: &history.Evidence{Signer: "key 9d8a863b", Passed: 7, SBOM: "sha256:" + hash("sbom"), Provenance: "sha256:" + hash("provenance")}})
	}
	text, err := json.Marshal(all)
	require.NoError(t, err)
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err = zip.Write(text)
	require.NoError(t, errors.Join(err, zip.Close()))
	secrets := c.Typed.CoreV1().Secrets(namespace)
	_, err = secrets.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "slipway-history"}, Type: "slipway.dev/history", Data: map[string][]byte{"deploys": packed.Bytes()}}, metav1.CreateOptions{})
	require.NoError(t, err)

	_, err = records.SaveDeploy(t.Context(), c, namespace, history.Deploy{Run: "new", Version: "new", Ended: now.Add(time.Minute), Result: history.Undone})
	require.NoError(t, err)
	kept, _, err := records.Deploys(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Len(t, kept, 1000)
	require.Equal(t, "new", kept[0].Run)
	require.Equal(t, "998", kept[999].Run)
	written, err := secrets.Get(t.Context(), "slipway-history", metav1.GetOptions{})
	require.NoError(t, err)
	t.Logf("%d deploys are %d KB", len(kept), len(written.Data["deploys"])>>10)
}

func TestAHistoryThatWasEditedIsNamedAndTheReleasesCount(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	one := history.Deploy{Run: "one", Version: "v1", Ended: c.Now(), Result: history.Released}
	require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &records.Release{Run: one.Run, Version: one.Version, Time: one.Ended}))
	_, err := records.SaveDeploy(t.Context(), c, namespace, one)
	require.NoError(t, err)
	_, err = c.Typed.CoreV1().Secrets(namespace).Patch(t.Context(), "slipway-history", types.MergePatchType, []byte(`{"data":{"deploys":"H4sI"}}`), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	require.NoError(t, err)
	all, bad, err := records.Deploys(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Len(t, bad, 1)
	require.Equal(t, "history", bad[0].Record)
	_, err = records.SaveDeploy(t.Context(), c, namespace, one)
	require.ErrorContains(t, err, "`kubectl -n "+namespace+" delete secret slipway-history` removes it", "what somebody edited was overwritten")
}

func TestTwoWhoWriteTheHistoryLoseNothingOfIt(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	lease, err := lock.Lock(within(t, time.Minute), c, namespace, "production", "one", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, lease.Unlock(context.WithoutCancel(t.Context()))) }()
	const writers, each = 4, 5
	written := make(chan error, writers)
	now := c.Now()
	for w := range writers {
		go func() {
			var err error
			for i := 0; i < each && err == nil; i++ {
				_, err = records.SaveDeploy(lease.Fence(t.Context()), c, namespace, history.Deploy{Run: fmt.Sprint(w, "-", i), Ended: now.Add(time.Duration(w*each+i) * time.Second)})
			}
			written <- err
		}()
	}
	for range writers {
		require.NoError(t, <-written)
	}
	all, _, err := records.Deploys(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Len(t, all, writers*each)
}
