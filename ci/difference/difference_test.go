package difference

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/history"
)

func TestAVersionIsItsNewestReleaseOrElseTheNewestTryAtIt(t *testing.T) {
	t.Parallel()
	images, err := artifact.Of(description.Application{Images: []description.Image{{Name: "web"}}}, "registry.example.com/shop")
	require.NoError(t, err)
	deploys := []history.Deploy{{Run: "5", Version: "v3", Result: history.Undone}, {Run: "4", Version: "v2", Result: history.Failed}, {Run: "3", Version: "v2", Digest: "two", Result: history.Released}, {Run: "1", Version: "v1", Result: history.Released}}
	releases := []records.Release{{Run: "3", Version: "v2"}}
	for version, run := range map[string]string{"v3": "5", "v2": "3", "v1": "1"} {
		found, err := sideOf(version, deploys, releases, images)
		require.NoError(t, err)
		require.Equal(t, run, found.deploy.Run)
		require.Equal(t, version == "v2", found.release != nil)
	}
	_, err = sideOf("v9", deploys, releases, images)
	require.EqualError(t, err, "diff v9: no such version was deployed; known are v3, v2, v1")
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	_, err = sideOf("v9", nil, nil, images)
	require.EqualError(t, err, "diff v9: nothing was deployed yet")
	require.Equal(t, artifact.NoDigest, images[0].Digest, "one side changed the other")
}

func TestADifferenceSaysWhatItCannotKnow(t *testing.T) {
	t.Parallel()
	d := Difference{From: history.Deploy{Version: "v1", Commit: "unknown"}, To: history.Deploy{Version: "v2"}}
	d.compareCommits(t.Context(), nil)
	require.Equal(t, "the commit of v1 is not known", d.CommitsError)
	d.compareObjects(side{deploy: d.From}, side{deploy: d.To, release: &records.Release{}})
	require.Equal(t, "those of v1 are not kept: production has the objects of its newest releases only", d.ObjectsError)
	const hash = "0123456789abcdef0123456789abcdef01234567"
	d = Difference{From: history.Deploy{Commit: hash}, To: history.Deploy{Commit: hash}}
	d.compareCommits(t.Context(), func(context.Context, string, string) ([]history.Commit, error) { return nil, errors.New("no git") })
	require.Equal(t, "no git", d.CommitsError)
}
