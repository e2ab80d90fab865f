package command

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/app"
	"github.com/slipway-cd/slipway/ci/exit"
)

func TestARunThatEndsBeforeProductionNeedsNothingOfIt(t *testing.T) {
	t.Parallel()
	for until, needs := range map[string]need{"build": ofBuild, "functional": ofBuild, "release": ofBuild, "deploy": ofBoth, "production": ofBoth, "never": ofBuild} {
		require.Equal(t, needs, (&flags{Until: until}).needed(), until)
	}
}

func TestCredentialsOfProductionAreThoseOfTheClusterUnlessOthersAreGiven(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given             flags
		build, production credentials
	}{
		"one file":                       {flags{Kubeconfig: "a"}, credentials{"a", ""}, credentials{"a", ""}},
		"one file and context":           {flags{Kubeconfig: "a", Context: "c"}, credentials{"a", "c"}, credentials{"a", "c"}},
		"one file, two contexts":         {flags{Kubeconfig: "a", Context: "c", ProductionContext: "d"}, credentials{"a", "c"}, credentials{"a", "d"}},
		"two files":                      {flags{Kubeconfig: "a", ProductionKubeconfig: "b"}, credentials{"a", ""}, credentials{"b", ""}},
		"a context of the first of two":  {flags{Kubeconfig: "a", Context: "c", ProductionKubeconfig: "b"}, credentials{"a", "c"}, credentials{"b", ""}},
		"a context of the second of two": {flags{Kubeconfig: "a", ProductionKubeconfig: "b", ProductionContext: "d"}, credentials{"a", ""}, credentials{"b", "d"}},
	} {
		both, err := c.given.given(ofBoth)
		require.NoError(t, err, name)
		require.Equal(t, c.build, both.build, name)
		require.Equal(t, c.production, both.production, name)
		beta, err := c.given.given(ofBuild)
		require.NoError(t, err, name)
		require.Equal(t, target{build: c.build}, beta, name)
		deploy, err := c.given.given(ofProduction)
		require.NoError(t, err, name)
		require.Equal(t, target{production: c.production}, deploy, name)
	}
	_, err := (&flags{ProductionKubeconfig: "b"}).given(ofBoth)
	require.ErrorContains(t, err, "give the credentials of the build namespace")
}

// The file of production's credentials is not there: a run up to the functional tests
// ends at the other one, which is none.
func TestCredentialsThatAreNotNeededAreNotOpened(t *testing.T) {
	t.Setenv("_EXPERIMENTAL_DAGGER_RUNNER_HOST", "tcp://127.0.0.1:1")
	given := []string{"--source", "../..", "--kubeconfig", filepath.Join(t.TempDir(), "of-build"), "--image", "registry.example.com/demo",
		"--production-kubeconfig", filepath.Join(t.TempDir(), "of-production")}
	for command, opened := range map[string]string{
		"run --until functional": "of-build", "run --until release": "of-build", "cleanup --run one": "of-build", "plan": "of-production", "rollback": "of-production",
	} {
		err := Run(t.Context(), app.Application, append(strings.Fields(command), given...), Host{})
		require.ErrorContains(t, err, "/"+opened+": no such file", command)
		require.Equal(t, exit.Usage, Code(t.Context(), err), command)
	}
}
