package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/git/gittest"
)

// shop describes an application in the fewest words.
const shop = "name: shop\n"

// describe returns flags whose source holds a description of its application.
func describe(t *testing.T, text string) *flags {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, description.File), []byte(text), 0o644))
	return &flags{Source: folder}
}

func TestASourceDescribesItsOwnApplication(t *testing.T) {
	f := describe(t, "name: shop\nport: 9000\n")
	f.BetaOverlay = "deploy/beta"
	require.NoError(t, f.adopt(t.Context(), app.Application))
	require.Equal(t, "shop", f.app.Name)
	require.Equal(t, 9000, f.app.Port)
	require.Equal(t, "shop", f.Namespace)
	require.Equal(t, "shop-build", f.BuildNamespace)
	require.Equal(t, "deploy/beta", f.BetaOverlay)
}

// TestAnApplicationInAFolderOfARepositoryHasAllOfIt: whether --source names the folder, or
// the repository and --application the folder.
func TestAnApplicationInAFolderOfARepositoryHasAllOfIt(t *testing.T) {
	t.Parallel()
	top := gittest.Repository(t)
	require.NoError(t, os.MkdirAll(filepath.Join(top, "shop/web"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(top, "shop/web", description.File), []byte("name: web\nimages: [{name: web, context: ../.., dockerfile: shop/web/Dockerfile}]\n"), 0o644))
	for _, f := range []*flags{{Source: filepath.Join(top, "shop/web")}, {Source: top, Application: "shop/web"}} {
		f.BetaOverlay = "deploy/beta"
		require.NoError(t, f.adopt(t.Context(), app.Application))
		require.Equal(t, top, f.root)
		require.Equal(t, "shop/web", f.folder)
		require.Equal(t, "shop/web/deploy/beta", f.BetaOverlay)
		require.Equal(t, "shop/web/Dockerfile", f.app.Images[0].File())
	}
	for text, f := range map[string]*flags{
		"--application: ../web must be a folder below --source": {Source: top, Application: "../web"},
		"--application: none is not a folder in ":               {Source: top, Application: "none"},
		"--source: none is not a folder":                        {Source: "none"},
	} {
		require.ErrorContains(t, f.adopt(t.Context(), app.Application), text)
	}
	require.NoError(t, os.WriteFile(filepath.Join(top, "shop/web", description.File), []byte("name: web\nimages: [{name: web, context: ../../..}]\n"), 0o644))
	err := (&flags{Source: filepath.Join(top, "shop/web")}).adopt(t.Context(), app.Application)
	require.ErrorContains(t, err, "--source: images: web: context ../../.. lies above --source: give --source the folder above, with --application shop/web")
}

func TestACopyOfThisRepositoryHasTheGivenApplication(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "ci/app"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ci/app/app.go"), nil, 0o644))
	f := &flags{Source: folder, Namespace: "elsewhere"}
	require.NoError(t, f.adopt(t.Context(), app.Application))
	require.Equal(t, app.Application.Name, f.app.Name)
	require.Equal(t, "elsewhere", f.Namespace)
}

func TestASourceThatDescribesNothingIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"README.md":    "--source: it has no .slipway.yaml, which describes the application: `go run ./ci init` writes one",
		".slipway.yml": "--source: it has no .slipway.yaml, but a .slipway.yml: rename it",
		".gitignore":   "--source: it has no .slipway.yaml, and git ignores it: take it out of .gitignore and commit it",
	} {
		folder := gittest.Repository(t)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(description.File+"\n"), 0o644))
		err := (&flags{Source: folder}).adopt(t.Context(), app.Application)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, exit.Usage, Code(t.Context(), err))
	}
}

// Not parallel: it takes the program's stderr.
func TestADescriptionThatNoCloneHasIsToldOf(t *testing.T) {
	folder := gittest.Repository(t)
	told := func() string {
		return stderrOf(t, func() { (&flags{root: folder}).tellUncommitted(t.Context()) })
	}
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	require.Empty(t, told(), "it has none")
	write(description.File, shop)
	require.Equal(t, "slipway: .slipway.yaml is not committed, so that no clone has it, a CI run's for example: git add and commit it\n", told())
	write(".gitignore", description.File)
	require.Equal(t, "slipway: .slipway.yaml is ignored by git, so that no clone has it, a CI run's for example: take it out of .gitignore and commit it\n", told())
	gittest.Run(t, folder, "add", "--force", ".")
	require.Empty(t, told())
	folder = t.TempDir()
	write(description.File, shop)
	require.Empty(t, told(), "no clone is made of it")
}

func TestADescriptionThatCannotBeIsRefusedByItsFile(t *testing.T) {
	err := describe(t, "name: shop\nports: 80\n").adopt(t.Context(), app.Application)
	require.EqualError(t, err, `--source: .slipway.yaml: line 2, column 1: unknown field "ports": is it port?`)
	require.Equal(t, exit.Usage, Code(t.Context(), err))
}
