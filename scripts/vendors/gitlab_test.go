package vendors

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const gitlabFile = ".gitlab-ci.yml"

// mergeRequest is what GitLab says in the pipeline of one, and that it names no branch.
var mergeRequest = []string{"CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=feature/greet", "CI_COMMIT_BRANCH="}

// files are the variables of type file, each with a value for each environment.
const files = `
REGISTRY_AUTH: {type: file, values: {production: registry of production, beta: registry of beta}}
SLIPWAY_KUBECONFIG: {type: file, values: {"*": cluster of beta}}
SLIPWAY_PRODUCTION_KUBECONFIG: {type: file, values: {production: cluster of production}}
`

// anonymous is a config.json for whoever asks no credentials, as the sandbox does.
const anonymous = `REGISTRY_AUTH: {type: file, values: {production: "{}", beta: "{}"}}`

// gitlab runs the pipeline of a checkout on this machine with gitlab-ci-local, which
// evaluates the rules as GitLab does. No image is used.
func gitlab(t *testing.T, dir string, env []string, variables ...string) (string, error) {
	t.Helper()
	needs(t, "rsync")
	command := append(node(t, "gitlab-ci-local"), "--force-shell-executor", "--max-job-name-padding", "0")
	for _, given := range append(variables, "GITLAB_CI=true") { // which it sets to false, to be told from GitLab
		if !strings.Contains(given, "=") { // a job that somebody starts by hand
			command = append(command, given)
			continue
		}
		command = append(command, "--variable", given)
	}
	return run(t, dir, env, command...)
}

func TestThePipelineRunsTheProgram(t *testing.T) {
	t.Parallel()
	slow(t)
	for _, variables := range [][]string{nil, mergeRequest} {
		dir := checkout(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".gitlab-ci-local-variables.yml"), []byte(anonymous), 0o600))
		log, err := gitlab(t, dir, machine(t), append(variables, "SLIPWAY_IMAGE=registry.example.com/team/go-demo")...)
		require.Error(t, err, log)
		require.Contains(t, log, "slipway: --kubeconfig: missing; with --image, give the credentials of the cluster")
		require.Contains(t, log, "exit status 2")
	}
}

func TestThePipelineTellsTheProgramWhatItNeeds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		variables []string
		expect    map[string]string
	}{
		"production": {nil, map[string]string{"SLIPWAY_UNTIL": "", "CI_COMMIT_REF_NAME": "main", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": ""}},
		"beta":       {mergeRequest, map[string]string{"SLIPWAY_UNTIL": "functional", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature/greet"}},
	} {
		dir := checkout(t)
		edit(t, filepath.Join(dir, gitlabFile), "- go run ./ci", `- env && echo "CLUSTER=$(cat "$SLIPWAY_KUBECONFIG")" && echo "PRODUCTION=$(cat "$SLIPWAY_PRODUCTION_KUBECONFIG")" && stat -c MODE=%a ~/.docker/config.json && echo "REGISTRY=$(cat ~/.docker/config.json)"`)
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".gitlab-ci-local-variables.yml"), []byte(files), 0o600))
		log, err := gitlab(t, dir, machine(t), test.variables...)
		require.NoError(t, err, log)
		require.Equal(t, 1, strings.Count(log, " starting shell"), "one job: %s", log)
		seen := printed(log, name+" > ")
		for name, value := range test.expect {
			require.Equal(t, value, seen[name], name)
		}
		require.Equal(t, name, seen["CI_ENVIRONMENT_NAME"])
		require.Equal(t, "cluster of beta", seen["CLUSTER"])
		require.Equal(t, map[string]string{"production": "cluster of production"}[name], seen["PRODUCTION"])
		require.Equal(t, "registry of "+name, seen["REGISTRY"])
		require.Equal(t, "600", seen["MODE"])
		// What ci/job reads of this vendor.
		require.Equal(t, must(t, dir, "git", "rev-parse", "HEAD"), seen["CI_COMMIT_SHA"])
		require.Regexp(t, `^\d+$`, seen["CI_JOB_ID"])
		require.Equal(t, "https://github.com/team/go-demo/-/jobs/"+seen["CI_JOB_ID"], seen["CI_JOB_URL"])
		require.NotEmpty(t, seen["GITLAB_USER_LOGIN"])
	}
}

func TestThePipelineShips(t *testing.T) {
	sandbox(t)
	cache := must(t, ".", "sh", "-c", `echo "${XDG_CACHE_HOME:-$HOME/.cache}"`)
	for branch, variables := range map[string][]string{"feature/greet": mergeRequest, "main": nil} {
		dir := checkout(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".gitlab-ci-local-variables.yml"), []byte(anonymous), 0o600))
		log, err := gitlab(t, dir, machine(t, "XDG_CACHE_HOME="+cache), variables...)
		report := shipped(t, filepath.Join(dir, "slipway-report"), log)
		require.Equal(t, report["result"] == "passed", err == nil, log)
		require.Equal(t, "gitlab", report["vendor"])
		require.Equal(t, branch, report["branch"])
		require.Equal(t, must(t, dir, "git", "rev-parse", "HEAD"), report["commit"])
	}
}
