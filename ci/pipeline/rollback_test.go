package pipeline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/report"
)

func TestARollbackTellsTheImagesOfTheReleaseThatItGoesTo(t *testing.T) {
	t.Parallel()
	images, err := artifact.Of(description.Application{Images: []description.Image{{Name: "web"}, {Name: "orders"}, {Name: "newer"}}}, "registry.example.com/shop")
	require.NoError(t, err)
	web, orders := "sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	r := &Run{images: images, report: &report.Report{}}
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
