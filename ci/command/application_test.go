package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

// shop describes an application in the fewest words.
const shop = "name: shop\nfunctional: [a]\nproduction: [b]\npassed: ok\n"

// describe returns flags whose source holds a description of its application.
func describe(t *testing.T, text string) *flags {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, ApplicationFile), []byte(text), 0o644))
	return &flags{Source: folder}
}

func TestASourceDescribesItsOwnApplication(t *testing.T) {
	f := describe(t, "name: shop\nport: 9000\nfunctional: [/tests, functional]\nproduction: [/tests, production]\npassed: ok\n")
	require.NoError(t, f.adopt(t.Context(), app.Application))
	require.Equal(t, "shop", f.app.Name)
	require.Equal(t, 9000, f.app.Port)
	require.Equal(t, "check", f.app.CheckTarget, "what it does not say is as by convention")
	require.Equal(t, []string{"/tests", "functional"}, f.app.Functional)
	require.Equal(t, "shop", f.Namespace)
	require.Equal(t, "shop-build", f.BuildNamespace)
}

func TestACopyOfThisRepositoryHasTheGivenApplication(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "ci/app"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ci/app/app.go"), nil, 0o644))
	f := &flags{Source: folder, Namespace: "elsewhere"}
	require.NoError(t, f.adopt(t.Context(), app.Application))
	require.Equal(t, app.Application, f.app)
	require.Equal(t, "elsewhere", f.Namespace)
}

func TestASourceThatDescribesNothingIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"README.md":    "--source: it has no .slipway.yaml, which describes the application: write one at the top of the repository",
		".slipway.yml": "--source: it has no .slipway.yaml, but a .slipway.yml: rename it",
		".gitignore":   "--source: it has no .slipway.yaml, and git ignores it: take it out of .gitignore and commit it",
	} {
		folder := repository(t)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(ApplicationFile+"\n"), 0o644))
		err := (&flags{Source: folder}).adopt(t.Context(), app.Application)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, pipeline.ExitUsage, Code(t.Context(), err))
	}
}

// Not parallel: it takes the program's stderr.
func TestADescriptionThatNoCloneHasIsToldOf(t *testing.T) {
	folder := repository(t)
	told := func() string {
		return stderrOf(t, func() { (&flags{Source: folder}).tellUncommitted(t.Context()) })
	}
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	require.Empty(t, told(), "it has none")
	write(ApplicationFile, shop)
	require.Equal(t, "slipway: .slipway.yaml is not committed, so that no clone has it, a CI run's for example: git add and commit it\n", told())
	write(".gitignore", ApplicationFile)
	require.Equal(t, "slipway: .slipway.yaml is ignored by git, so that no clone has it, a CI run's for example: take it out of .gitignore and commit it\n", told())
	inGit(t, folder, "add", "--force", ".")
	require.Empty(t, told())
	folder = t.TempDir()
	write(ApplicationFile, shop)
	require.Empty(t, told(), "no clone is made of it")
}

func TestADescriptionThatCannotBeIsRefusedByNameAndField(t *testing.T) {
	const tests = "functional: [a]\nproduction: [b]\npassed: ok\n"
	for text, want := range map[string]string{
		"name: shop\nports: 80\n" + tests:                `line 2: unknown field "ports": is it port?`,
		"name: shop\nunit_target: a\n" + tests:           `line 2: unknown field "unit_target": is it unitTarget?`,
		"name: shop\n\nreplicas: 3\n" + tests:            `line 3: unknown field "replicas": known are name, dockerfile, checkTarget, `,
		"name: shop\nfunctional: a b\n":                  "line 2: functional: want a list of texts, not text",
		"name: shop\nname: shop\n" + tests:               `line 2: key "name" already set in map`,
		"- name: shop\n":                                 "cannot unmarshal array",
		"name: Shop\n" + tests:                           "name: want lower case letters",
		tests:                                            "name: want lower case letters",
		"name: shop\nfunctional: [a]\nproduction: [b]\n": "passed: give what the output",
		"name: [\n":                                      "yaml: line 1: ",
		"name: shop\nport: many\n" + tests:               "line 2: port: want a whole number, not text",
		"name: this-name-is-much-too-long-for-a-namespace-of-kubernetes\n" + tests: "name: want lower case letters",
	} {
		err := describe(t, text).adopt(t.Context(), app.Application)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "--source: .slipway.yaml: ")
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, pipeline.ExitUsage, Code(t.Context(), err))
	}
}
