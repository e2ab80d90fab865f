package pipeline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/report"
)

func TestRollbackChoosesTheReleaseBeforeOrTheNewestOfTheVersion(t *testing.T) {
	t.Parallel()
	three := []records.Release{{Version: "v2", Run: "c"}, {Version: "v1", Run: "b"}, {Version: "v1", Run: "a"}}
	for name, c := range map[string]struct {
		releases []records.Release
		to, run  string
		err      string
	}{
		"the one before":         {three, "", "b", ""},
		"a version":              {three, "v1", "b", ""},
		"the current one again":  {three, "v2", "c", ""},
		"a version nobody knows": {three, "v9", "", "--to v9: no such release; known are v2, v1"},
		"none before":            {three[:1], "", "", "production has no release before v2 to go back to"},
		"none at all":            {nil, "v1", "", "production has no release to go back to: nothing was deployed yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chosen, err := choose(c.releases, c.to)
			if c.err != "" {
				require.EqualError(t, err, c.err)
				require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.run, chosen.Run)
		})
	}
}

func TestARollbackTellsTheImagesOfTheReleaseThatItGoesTo(t *testing.T) {
	t.Parallel()
	images, err := artifact.Of(description.Application{Images: []description.Image{{Name: "web"}, {Name: "orders"}, {Name: "newer"}}}, "registry.example.com/shop")
	require.NoError(t, err)
	web, orders := "sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	r := &Run{images: images}
	require.NoError(t, artifact.Recall(r.images, []*unstructured.Unstructured{
		{Object: map[string]any{"kind": "Deployment", "image": "registry.example.com/shop@" + web}},
		{Object: map[string]any{"kind": "Job", "image": "registry.example.com/shop-orders@" + orders}},
	}))
	r.tellDigests()
	require.Equal(t, web, r.report.Digest)
	require.Equal(t, []report.Image{
		{Name: "web", Repository: "registry.example.com/shop", Digest: web},
		{Name: "orders", Repository: "registry.example.com/shop-orders", Digest: orders},
	}, r.report.Images)
}
