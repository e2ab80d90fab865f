package vendors

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// useComponent runs the documented pipeline of another repository by gitlab-ci-local, which
// clones the component from a checkout of this one, by its tag.
func useComponent(t *testing.T, change func(component string), dir string, env []string, variables ...string) (string, error) {
	t.Helper()
	return useComponentAs(t, "ci-vendors", change, dir, env, variables...)
}

// useComponentAs does so with the pipeline of a page of docs.
func useComponentAs(t *testing.T, page string, change func(component string), dir string, env []string, variables ...string) (string, error) {
	t.Helper()
	component := checkout(t)
	change(filepath.Join(component, "templates", "slipway.yml"))
	commit(t, component, "v1.2.3")
	must(t, dir, "git", "remote", "set-url", "origin", "https://gitlab.com/team/hello.git")
	write(t, filepath.Join(dir, gitlabFile), strings.ReplaceAll(documented(t, page, "gitlab"), "version: v1.2.3", "version: latest"))
	write(t, filepath.Join(dir, ".gitignore"), ".gitlab-ci-local*\nslipway-report\n")
	commit(t, dir)
	env = append(env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url.file://"+component+".insteadOf", "GIT_CONFIG_VALUE_0=https://gitlab.com:443/slipway-cd/slipway.git")
	return gitlab(t, dir, env, variables...)
}

func TestTheComponentRunsTheProgram(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string][]string{"slipway-production": nil, "slipway-beta": mergeRequest} {
		dir := other(t)
		write(t, filepath.Join(dir, ".gitlab-ci-local-variables.yml"), anonymous)
		log, err := useComponent(t, func(string) {}, dir, moduleOf(t).elsewhere(t), append(variables, "SLIPWAY_IMAGE=registry.example.com/team/hello")...)
		require.Error(t, err, log)
		require.Contains(t, log, name+" > "+missing)
		require.Contains(t, log, "exit status 2")
	}
}

func TestTheComponentTellsTheProgramWhatItNeeds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		variables []string
		until     string
	}{"production": {nil, ""}, "beta": {mergeRequest, "functional"}} {
		dir := other(t)
		write(t, filepath.Join(dir, ".gitlab-ci-local-variables.yml"), files)
		log, err := useComponent(t, func(component string) {
			edit(t, component, "- go run github.com/slipway-cd/slipway/ci@$[[ inputs.version ]]",
				`- env && echo "VERSION=$[[ inputs.version ]]" && echo "CLUSTER=$(cat "$SLIPWAY_KUBECONFIG")" && echo "PRODUCTION=$(cat "$SLIPWAY_PRODUCTION_KUBECONFIG")" && echo "REGISTRY=$(cat ~/.docker/config.json)"`)
		}, dir, machine(t), test.variables...)
		require.NoError(t, err, log)
		require.Equal(t, 1, strings.Count(log, " starting shell"), "one job: %s", log)
		seen := printed(log, "slipway-"+name+" > ")
		require.Equal(t, "latest", seen["VERSION"])
		require.Equal(t, test.until, seen["SLIPWAY_UNTIL"])
		require.Equal(t, name, seen["CI_ENVIRONMENT_NAME"])
		require.Equal(t, "deploy", seen["CI_JOB_STAGE"])
		require.Equal(t, "cluster of beta", seen["CLUSTER"])
		require.Equal(t, map[string]string{"production": "cluster of production"}[name], seen["PRODUCTION"])
		require.Equal(t, "registry of "+name, seen["REGISTRY"])
		require.Equal(t, must(t, dir, "git", "rev-parse", "HEAD"), seen["CI_COMMIT_SHA"])
	}
}
