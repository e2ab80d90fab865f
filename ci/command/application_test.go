package command

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

// describe returns flags whose source holds a description of its application.
func describe(t *testing.T, text string) *flags {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, ApplicationFile), []byte(text), 0o644))
	return &flags{Source: folder}
}

func TestASourceDescribesItsOwnApplication(t *testing.T) {
	f := describe(t, "name: shop\nport: 9000\nfunctional: [/tests, functional]\nproduction: [/tests, production]\npassed: ok\n")
	require.NoError(t, f.adopt(app.Application))
	require.Equal(t, "shop", f.app.Name)
	require.Equal(t, 9000, f.app.Port)
	require.Equal(t, "check", f.app.CheckTarget, "what it does not say is as by convention")
	require.Equal(t, []string{"/tests", "functional"}, f.app.Functional)
	require.Equal(t, "shop", f.Namespace)
	require.Equal(t, "shop-build", f.BuildNamespace)
}

func TestASourceThatDescribesNothingHasTheGivenApplication(t *testing.T) {
	f := &flags{Source: t.TempDir(), Namespace: "elsewhere"}
	require.NoError(t, f.adopt(app.Application))
	require.Equal(t, app.Application, f.app)
	require.Equal(t, "elsewhere", f.Namespace)
}

func TestADescriptionThatCannotBeIsRefusedByNameAndField(t *testing.T) {
	const tests = "functional: [a]\nproduction: [b]\npassed: ok\n"
	for text, want := range map[string]string{
		"name: shop\nports: 80\n" + tests: `unknown field "ports"`,
		"name: Shop\n" + tests:            "name: want lower case letters",
		tests:                             "name: want lower case letters",
		"name: shop\nproduction: [b]\npassed: ok\n":      "functional, production: give the commands",
		"name: shop\nfunctional: [a]\nproduction: [b]\n": "passed: give what the output",
		"name: [\n":                        "yaml",
		"name: shop\nport: many\n" + tests: "port",
		"name: this-name-is-much-too-long-for-a-namespace-of-kubernetes\n" + tests: "name: want lower case letters",
	} {
		err := describe(t, text).adopt(app.Application)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "--source: .slipway.yaml: ")
		require.Equal(t, pipeline.ExitUsage, Code(t.Context(), err))
	}
}
