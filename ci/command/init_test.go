package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/adopt"
	"github.com/slipway-cd/slipway/ci/exit"
)

func TestInitWritesAllOrNothingAndNothingElsewhere(t *testing.T) {
	t.Parallel()
	files := []adopt.File{{Path: "k8s/kustomization.yaml", Content: "a"}, {Path: "kustomize/overlays/beta/kustomization.yaml", Content: "b"}}
	for name, c := range map[string]struct {
		before func(top string) error
		error  string
	}{
		"a new repository":               {func(string) error { return nil }, ""},
		"a file where a folder is to be": {func(top string) error { return os.WriteFile(filepath.Join(top, "kustomize"), nil, 0o644) }, "kustomize is no folder of the repository"},
		"a link to elsewhere":            {func(top string) error { return os.Symlink(filepath.Dir(top), filepath.Join(top, "kustomize")) }, "kustomize is no folder of the repository"},
		"a link that leads nowhere":      {func(top string) error { return os.MkdirAll(filepath.Join(top, "kustomize/overlays/beta"), 0o755) }, ""},
		"one of the files": {func(top string) error {
			return os.WriteFile(filepath.Join(top, "k8s"), nil, 0o644)
		}, "k8s is no folder of the repository"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top := filepath.Join(t.TempDir(), "top")
			require.NoError(t, os.Mkdir(top, 0o755))
			require.NoError(t, c.before(top))
			err := (&flags{root: top}).place(files)
			if c.error == "" {
				require.NoError(t, err)
				require.FileExists(t, filepath.Join(top, files[1].Path))
				again := (&flags{root: top}).place(files)
				require.ErrorContains(t, again, "k8s/kustomization.yaml is there already")
				require.Equal(t, exit.Usage, Code(t.Context(), again))
				return
			}
			require.ErrorContains(t, err, c.error)
			require.Equal(t, exit.Usage, Code(t.Context(), err))
			require.NoFileExists(t, filepath.Join(top, files[0].Path))
		})
	}
}
