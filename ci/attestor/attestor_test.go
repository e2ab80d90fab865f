package attestor

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/materials"
	"github.com/slipway-cd/slipway/ci/testrun"
)

// TestOfAnEarlierRunsImageOnlyWhatWasTestedIsSaid: the checks of this run saw the image that is left aside.
func TestOfAnEarlierRunsImageOnlyWhatWasTestedIsSaid(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	repo, err := image.ParseRepository(strings.TrimPrefix(server.URL, "http://") + "/team/app")
	require.NoError(t, err)
	by := Run{App: description.Application{Name: "app", Checks: []description.Check{{Build: description.Build{Target: "lint"}}}}, ID: "r1", Version: "1.0", Commit: strings.Repeat("a", 40)}
	for _, earlier := range []bool{false, true} {
		content, err := random.Image(64, 1)
		require.NoError(t, err)
		digest, err := content.Digest()
		require.NoError(t, err)
		at, err := name.NewDigest(repo.String() + "@" + digest.String())
		require.NoError(t, err)
		require.NoError(t, remote.Write(at, content))

		known := &Proof{Built: materials.Materials{Started: time.Unix(1, 0), Finished: time.Unix(2, 0), Images: make([]materials.Contents, 1)}}
		known.Passed(by, testrun.Outcome{Stage: "functional", Name: "api", Started: time.Unix(3, 0)})
		shipped := []artifact.Image{{Repo: repo, Digest: digest.String(), Earlier: earlier}}
		require.NoError(t, Attestor{Run: by, Registry: &image.Registry{}}.Attest(t.Context(), evidence.Unsigned{}, shipped, known))
		found, err := attest.Find(t.Context(), &image.Registry{}, repo, digest.String(), evidence.Accepted{Unsigned: true})
		require.NoError(t, err)
		var stages []string
		passed, err := found.Tests("app", 0, time.Now())
		require.NoError(t, err)
		for _, of := range passed {
			stages = append(stages, of.Stage)
		}
		if earlier {
			require.Equal(t, []string{"functional"}, stages)
			require.Empty(t, found.Of(evidence.Provenance))
			continue
		}
		require.ElementsMatch(t, []string{"functional", "build"}, stages)
		require.Len(t, found.Of(evidence.Provenance), 1)
	}
}
