package vendors

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const workflow = ".github/workflows/slipway.yml"

// The events that start the workflow, as far as it and Slipway read them.
var (
	push        = `{"ref": "refs/heads/main"}`
	pullRequest = `{"number": 12, "pull_request": {"number": 12, "base": {"ref": "main"}, "head": {"ref": "feature/greet", "repo": {"full_name": "team/go-demo"}}}}`
	fork        = strings.ReplaceAll(pullRequest, "team/", "somebody/")
)

// act runs the workflow of a checkout on this machine, in a copy that it makes in place
// of actions/checkout. The other two actions, which would come from GitHub, are stood in
// for; permissions, environments and the filter of branches are GitHub's alone.
func act(t *testing.T, dir string, env []string, event, payload string, args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "event.json")
	require.NoError(t, os.WriteFile(file, []byte(payload), 0o600))
	command := append(tool(t, "act"), event, "--directory", dir, "--workflows", workflow, "--eventpath", file,
		"--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server")
	for action, ref := range actions(t) {
		if stand := filepath.Join("testdata", "actions", filepath.Base(action)); action != "actions/checkout" {
			at, err := filepath.Abs(stand)
			require.NoError(t, err)
			command = append(command, "--local-repository", action+"@"+ref+"="+at)
		}
	}
	return run(t, dir, env, append(command, args...)...)
}

// actions are what the workflow uses, each with the commit that it is pinned to.
func actions(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", workflow))
	require.NoError(t, err)
	found := map[string]string{}
	for _, uses := range regexp.MustCompile(`uses: (.*)`).FindAllStringSubmatch(string(content), -1) {
		pinned := regexp.MustCompile(`^(\S+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$`).FindStringSubmatch(uses[1])
		require.NotEmpty(t, pinned, "%s is not pinned to a commit, with its version beside it", uses[1])
		found[pinned[1]] = pinned[2]
	}
	require.Len(t, found, 3)
	return found
}

// The program is the real one; what the variables say does not fit together, which ends
// it before it looks for an engine or a cluster.
func TestTheWorkflowRunsTheProgram(t *testing.T) {
	t.Parallel()
	slow(t)
	artifacts := t.TempDir()
	for event, payload := range map[string]string{"push": push, "pull_request": pullRequest} {
		log, err := act(t, checkout(t), machine(t, "ARTIFACTS="+artifacts), event, payload, "--var", "SLIPWAY_IMAGE=registry.example.com/team/go-demo")
		require.Error(t, err, log)
		require.Contains(t, log, "slipway: --kubeconfig: missing; with --image, give the credentials of the cluster")
		require.Contains(t, log, "exit status 2")
		require.Contains(t, log, "Success - Main actions/upload-artifact", "the report is kept of a run that failed, too")
	}
}

func TestTheWorkflowLeavesForksAlone(t *testing.T) {
	t.Parallel()
	log, err := act(t, checkout(t), machine(t, "ARTIFACTS="+t.TempDir()), "pull_request", fork)
	require.NoError(t, err, log)
	require.NotContains(t, log, "slipway: ")
	require.NotContains(t, log, "Main credentials")
}

// printed are the variables that a step printed, whose lines a runner marks.
func printed(log, mark string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(log) {
		if _, text, ok := strings.Cut(line, mark); ok {
			if name, value, ok := strings.Cut(strings.TrimSpace(text), "="); ok {
				found[name] = value
			}
		}
	}
	return found
}

func TestTheWorkflowTellsTheProgramWhatItNeeds(t *testing.T) {
	t.Parallel()
	dir := checkout(t)
	edit(t, filepath.Join(dir, workflow), "exec go run ./ci #", `mkdir "$SLIPWAY_REPORT" && touch "$SLIPWAY_REPORT/report.json" && exec env #`)
	commit := must(t, dir, "git", "rev-parse", "HEAD")
	for event, expect := range map[string]map[string]string{
		"push":         {"SLIPWAY_UNTIL": "production", "GITHUB_REF_NAME": "main", "GITHUB_HEAD_REF": ""},
		"pull_request": {"SLIPWAY_UNTIL": "functional", "GITHUB_HEAD_REF": "feature/greet"},
	} {
		payload, artifacts := map[string]string{"push": push, "pull_request": pullRequest}[event], t.TempDir()
		log, err := act(t, dir, machine(t, "ARTIFACTS="+artifacts), event, payload, "--actor", "ada")
		require.NoError(t, err, log)
		seen := printed(log, "| ")
		for name, value := range expect {
			require.Equal(t, value, seen[name], name)
		}
		// What ci/job reads of this vendor.
		require.Equal(t, "true", seen["GITHUB_ACTIONS"])
		require.Equal(t, commit, seen["GITHUB_SHA"])
		require.Equal(t, "ada", seen["GITHUB_ACTOR"])
		require.Equal(t, "team/go-demo", seen["GITHUB_REPOSITORY"])
		for _, name := range []string{"GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_SERVER_URL", "GITHUB_STEP_SUMMARY"} {
			require.NotEmpty(t, seen[name], name)
		}
		require.Empty(t, seen["SLIPWAY_KUBECONFIG"], "without credentials it uses a sandbox")
		require.Empty(t, seen["SLIPWAY_PRODUCTION_KUBECONFIG"], "as a pull request's environment has none")
		require.FileExists(t, filepath.Join(artifacts, "slipway-report", "report.json"))
	}
}

// docker, which has no registry to log in to, is stood in for.
func TestTheWorkflowsCredentialsReachNothingElse(t *testing.T) {
	t.Parallel()
	dir, seen, secrets := checkout(t), t.TempDir(), filepath.Join(t.TempDir(), "secrets")
	edit(t, filepath.Join(dir, workflow), "exec go run ./ci #", `env && stat -c MODE=%a "$SLIPWAY_KUBECONFIG" && cp "$SLIPWAY_KUBECONFIG" `+seen+`/kubeconfig && stat -c PRODUCTION_MODE=%a "$SLIPWAY_PRODUCTION_KUBECONFIG" && cp "$SLIPWAY_PRODUCTION_KUBECONFIG" `+seen+`/production #`)
	require.NoError(t, os.WriteFile(filepath.Join(seen, "docker"), []byte("#!/bin/sh\nenv > "+seen+"/environment\necho \"$@\" > "+seen+"/arguments\ncat > "+seen+"/input\n"), 0o755))
	require.NoError(t, os.WriteFile(secrets, []byte("SLIPWAY_KUBECONFIG=sesame-cluster\nSLIPWAY_PRODUCTION_KUBECONFIG=sesame-production\nREGISTRY_PASSWORD=sesame-registry\n"), 0o600))
	env := machine(t, "ARTIFACTS="+t.TempDir(), "PATH="+seen+":"+os.Getenv("PATH"))
	log, err := act(t, dir, env, "push", push, "--secret-file", secrets, "--var", "REGISTRY=registry.example.com", "--var", "REGISTRY_USER=ada")
	require.NoError(t, err, log)
	require.NotContains(t, log, "sesame")
	step := printed(log, "| ")
	require.Equal(t, "600", step["MODE"])
	require.Equal(t, "600", step["PRODUCTION_MODE"])
	require.NotContains(t, step, "KUBECONFIG_TEXT")
	require.NotContains(t, step, "PRODUCTION_KUBECONFIG_TEXT")
	require.NotContains(t, step, "REGISTRY_PASSWORD")
	require.True(t, strings.HasSuffix(step["DOCKER_CONFIG"], "/docker"), "not the home of the machine")

	for name, expect := range map[string]string{"kubeconfig": "sesame-cluster", "production": "sesame-production", "input": "sesame-registry", "arguments": "login --username ada --password-stdin registry.example.com"} {
		content, err := os.ReadFile(filepath.Join(seen, name))
		require.NoError(t, err)
		require.Equal(t, expect, strings.TrimSpace(string(content)))
	}
	environment, err := os.ReadFile(filepath.Join(seen, "environment"))
	require.NoError(t, err)
	require.Contains(t, string(environment), "DOCKER_CONFIG="+step["DOCKER_CONFIG"])
}

// slow skips what compiles the program for each run.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: compiles the program for each run")
	}
}

// sandbox skips what needs a real engine, cluster and registry.
func sandbox(t *testing.T) {
	t.Helper()
	if os.Getenv("SLIPWAY_E2E") == "" {
		t.Skip("SLIPWAY_E2E is not set: a whole run needs the sandbox")
	}
}

// shipped reads the report of a run and requires that it passed, or on a branch behind
// production that it left production alone.
func shipped(t *testing.T, folder, log string) (report map[string]any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, "report.json"))
	require.NoError(t, err, log)
	require.NoError(t, json.Unmarshal(content, &report))
	require.Contains(t, []any{"passed", "superseded"}, report["result"], log)
	return report
}

func TestTheWorkflowShips(t *testing.T) {
	sandbox(t)
	artifacts, cache := t.TempDir(), must(t, ".", "sh", "-c", `echo "${XDG_CACHE_HOME:-$HOME/.cache}"`)
	dir := checkout(t)
	for event, payload := range map[string]string{"pull_request": pullRequest, "push": push} {
		log, err := act(t, dir, machine(t, "ARTIFACTS="+artifacts, "XDG_CACHE_HOME="+cache), event, payload, "--actor", "ada")
		report := shipped(t, filepath.Join(artifacts, "slipway-report"), log)
		require.Equal(t, report["result"] == "passed", err == nil, log)
		require.Equal(t, "github", report["vendor"])
		require.Equal(t, "1-1", report["run"])
		require.Equal(t, "ada", report["actor"])
		require.Equal(t, map[string]string{"pull_request": "feature/greet", "push": "main"}[event], report["branch"])
		require.Equal(t, must(t, dir, "git", "rev-parse", "HEAD"), report["commit"])
		require.Equal(t, "https://github.com/team/go-demo/actions/runs/1", report["runURL"])
		require.NoError(t, os.RemoveAll(filepath.Join(artifacts, "slipway-report")))
	}
}
