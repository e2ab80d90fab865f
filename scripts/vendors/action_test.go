package vendors

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// useAction runs the documented workflow of another repository by act, which takes the action
// from a checkout of this one.
func useAction(t *testing.T, dir, action string, env []string, event, payload string, args ...string) (string, error) {
	t.Helper()
	return useActionAs(t, "ci-vendors", dir, action, env, event, payload, args...)
}

// useActionAs does so with the workflow of a page of docs.
func useActionAs(t *testing.T, page, dir, action string, env []string, event, payload string, args ...string) (string, error) {
	t.Helper()
	write(t, filepath.Join(dir, workflow), documented(t, page, "github"))
	commit(t, dir)
	args = append(args, "--local-repository", "slipway-cd/slipway@"+strings.Repeat("0", 40)+"="+action)
	return act(t, dir, env, event, strings.ReplaceAll(payload, "go-demo", "hello"), args...)
}

// built puts a program in place of the one that the action builds.
func built(t *testing.T, action, program string) {
	t.Helper()
	edit(t, filepath.Join(action, "action.yml"), `go build -buildvcs=false -o "$RUNNER_TEMP/slipway/slipway" ./ci/slipway`,
		`mkdir -p "$RUNNER_TEMP/slipway" && cp `+program+` "$RUNNER_TEMP/slipway/slipway"`)
}

func TestTheActionRunsTheProgramItWasBuiltFrom(t *testing.T) {
	t.Parallel()
	slow(t)
	log, err := useAction(t, other(t), checkout(t), machine(t, "ARTIFACTS="+t.TempDir()), "push", push, "--var", "SLIPWAY_IMAGE=registry.example.com/team/hello")
	require.Error(t, err, log)
	require.Contains(t, log, missing)
	require.Contains(t, log, "exit status 2")
}

func TestTheActionTellsTheProgramWhatItNeeds(t *testing.T) {
	t.Parallel()
	stand := filepath.Join(t.TempDir(), "slipway")
	require.NoError(t, os.WriteFile(stand, []byte(`#!/bin/sh
env | sed 's/^/SEEN /'
echo "SEEN ARGUMENTS=$*"
for file in "$SLIPWAY_KUBECONFIG" "$SLIPWAY_PRODUCTION_KUBECONFIG" "$DOCKER_CONFIG/config.json"; do
	[ ! -e "$file" ] || echo "SEEN FILE_$(basename "$file")=$(stat -c %a "$file") $(rev "$file")" # masked by the runner, if it were forwards
done
mkdir "$SLIPWAY_REPORT" && touch "$SLIPWAY_REPORT/report.json"
`), 0o755))
	secrets := filepath.Join(t.TempDir(), "secrets")
	require.NoError(t, os.WriteFile(secrets, []byte("SLIPWAY_KUBECONFIG=sesame-cluster\nSLIPWAY_PRODUCTION_KUBECONFIG=sesame-production\nREGISTRY_AUTH=sesame-registry\n"), 0o600))
	for event, payload := range map[string]string{"push": push, "pull_request": pullRequest} {
		action, artifacts := checkout(t), t.TempDir()
		built(t, action, stand)
		log, err := useAction(t, other(t), action, machine(t, "ARTIFACTS="+artifacts), event, payload, "--actor", "ada", "--secret-file", secrets, "--var", "SLIPWAY_IMAGE=registry.example.com/team/hello")
		require.NoError(t, err, log)
		require.NotContains(t, log, "sesame")
		seen := printed(log, "SEEN ")
		require.Equal(t, map[string]string{"push": "production", "pull_request": "functional"}[event], seen["SLIPWAY_UNTIL"])
		require.Equal(t, "run", seen["ARGUMENTS"])
		require.Equal(t, "registry.example.com/team/hello", seen["SLIPWAY_IMAGE"])
		require.Equal(t, "team/hello", seen["GITHUB_REPOSITORY"])
		require.Equal(t, "600 retsulc-emases", seen["FILE_kubeconfig"])
		require.Equal(t, "600 noitcudorp-emases", seen["FILE_production-kubeconfig"])
		require.Equal(t, "600 yrtsiger-emases", seen["FILE_config.json"])
		for _, name := range []string{"KUBECONFIG_TEXT", "PRODUCTION_KUBECONFIG_TEXT", "REGISTRY_AUTH"} {
			require.NotContains(t, seen, name)
		}
		require.FileExists(t, filepath.Join(artifacts, "slipway-report", "report.json"))
	}
}

func TestTheActionShips(t *testing.T) {
	sandbox(t)
	artifacts, cache := t.TempDir(), must(t, ".", "sh", "-c", `echo "${XDG_CACHE_HOME:-$HOME/.cache}"`)
	action, dir := checkout(t), other(t)
	program := moduleOf(t).install(t)
	built(t, action, program)
	env := machine(t, "ARTIFACTS="+artifacts, "XDG_CACHE_HOME="+cache)
	defer func() { // the run has made them, for an application that the sandbox did not know
		removed(t, dir, env, program)
	}()
	log, err := useAction(t, dir, action, env, "pull_request", pullRequest, "--actor", "ada")
	require.NoError(t, err, log)
	report := shipped(t, filepath.Join(artifacts, "slipway-report"), log)
	require.Equal(t, "passed", report["result"])
	require.Equal(t, "github", report["vendor"])
	require.Equal(t, must(t, dir, "git", "rev-parse", "HEAD"), report["commit"])
	require.Contains(t, report["image"], "/hello")
}
