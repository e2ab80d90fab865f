package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/exit"
)

// TestRepositoriesOfOtherShapesAreTaken, or are told in one line what they lack before
// anything is started: each folder of testdata/cases is one as its users had it.
func TestRepositoriesOfOtherShapesAreTaken(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"base-beside-the-overlays":    "",
		"no-ingress":                  "",
		"image-with-registry-and-tag": "",
		"base-above-the-source":       "--production-overlay: render kustomize/overlays/production: ../../../../outside: lies outside of the source, of which alone an overlay may use files: take the folder above, which has both, as the source, and this one as the application's in it",
		"two-images":                  `--beta-overlay: render kustomize/overlays/beta: Deployment web-one: nothing builds the image "lab-worker", which has no registry, tag or digest: say in images what builds it, or write its tag`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkCase(t, name, "")
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, want)
			require.Equal(t, exit.Usage, Code(t.Context(), err))
		})
	}
	t.Run("two-images with both described", func(t *testing.T) {
		t.Parallel()
		require.NoError(t, checkCase(t, "two-images", "images: [{name: lab}, {name: lab-worker, target: check}]\n"))
	})
}

// checkCase checks all that can be known of a repository without a request.
func checkCase(t *testing.T, name, more string) error {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "cases", name))))
	description, err := os.OpenFile(filepath.Join(folder, ".slipway.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = description.WriteString(more)
	require.NoError(t, err)
	require.NoError(t, description.Close())
	f := &flags{Source: folder, Version: "1", RunID: "one", Until: "production", Vendor: "none"}
	if err := f.adopt(t.Context(), app.Application); err != nil {
		return err
	}
	_, err = f.options(t.Context())
	return err
}
