package succession

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/overlay"
	"github.com/slipway-cd/slipway/ci/settings"
)

func TestARecordOfAnOlderVersionAndASourceWithoutCommitsSupersedeNothing(t *testing.T) {
	t.Parallel()
	own := strings.Repeat("a", 40)
	for _, c := range []struct {
		commit   string
		deployed *records.Release
	}{
		{own, nil},
		{own, &records.Release{Commit: strings.Repeat("b", 40)}},
		{own, &records.Release{Commit: "unknown", Committed: time.Now()}},
		{"unknown", &records.Release{Commit: own, Committed: time.Now()}},
	} {
		r := &Run{Options: settings.Options{Commit: c.commit, History: commits.History{Shallow: true}}}
		require.NoError(t, r.Superseded(t.Context(), c.deployed))
	}
}

func TestSupersededSaysByWhatAndWhatToDo(t *testing.T) {
	t.Parallel()
	own, newer := strings.Repeat("a", 40), strings.Repeat("b", 40)
	deployed := &records.Release{Version: "v2", Commit: newer, Committed: time.Unix(200, 0), Before: []string{commits.Short(own)}}
	r := &Run{Options: settings.Options{Commit: own, Built: time.Unix(100, 0)}}
	err := r.Superseded(t.Context(), deployed)
	require.EqualError(t, err, "superseded by v2 (bbbbbbbbbbbb), which production runs already; to go back to an older version on purpose, use `go run ./ci rollback`")
	require.Equal(t, exit.Superseded, exit.Code(t.Context(), err))

	deployed.Before, deployed.Shallow, r.Options.History.Shallow = nil, true, true
	err = r.Superseded(t.Context(), deployed)
	require.EqualError(t, err, "superseded by v2 (bbbbbbbbbbbb), which production runs already, by the commits' times (1970-01-01T00:03:20Z, this one 1970-01-01T00:01:40Z); "+
		"the clones are too shallow to be certain: fetch the whole history (git fetch --unshallow; GitHub: fetch-depth: 0, GitLab: GIT_DEPTH: 0)")

	r.Options.History.Ancestor = func(context.Context, string, string) (bool, bool, error) { return false, false, errors.New("no git") }
	require.EqualError(t, r.Superseded(t.Context(), deployed), "no git", "what cannot be asked is not taken for an answer")
}

func TestANamespaceIsOneApplicationsAlone(t *testing.T) {
	t.Parallel()
	of := func(name string) *records.Release {
		object := &unstructured.Unstructured{Object: map[string]any{}}
		object.SetLabels(map[string]string{overlay.ApplicationLabel: name})
		return &records.Release{Version: "7", Objects: []*unstructured.Unstructured{object}}
	}
	r := &Run{Application: "shop", Options: settings.Options{Namespace: "place"}}
	require.NoError(t, r.CheckApplication(of("shop")))
	require.NoError(t, r.CheckApplication(&records.Release{}), "it had no objects")
	err := r.CheckApplication(of("worker"))
	require.EqualError(t, err, "--namespace place: there is release 7 of worker: each application needs a namespace of its own; if worker is the former name of this one, give --take-over worker")
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	r.Options.TakeOver = []string{"worker"}
	require.NoError(t, r.CheckApplication(of("worker")))
}
