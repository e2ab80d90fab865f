package vendors

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// several is another repository whose application goes through the environments of docs/environments.md.
func several(t *testing.T) string {
	t.Helper()
	dir, described := other(t), "environments:\n"
	for _, name := range []string{"staging", "production-eu", "production-us"} {
		described += "- {name: " + name + map[bool]string{true: ", manual: true"}[name == "production-eu"] + "}\n"
		write(t, filepath.Join(dir, "kustomize", "overlays", name, "kustomization.yaml"), `resources: [../../base]
patches:
- target: {kind: Deployment}
  patch: |-
    - {op: replace, path: /spec/template/spec/containers/0/env/0/value, value: /hello-`+name+`}
- target: {kind: Ingress}
  patch: |-
    - {op: replace, path: /spec/rules/0/http/paths/0/path, value: /hello-`+name+`}
`)
	}
	own, err := os.ReadFile(filepath.Join(dir, ".slipway.yaml"))
	require.NoError(t, err)
	write(t, filepath.Join(dir, ".slipway.yaml"), string(own)+described)
	return dir
}

func TestTheActionGoesThroughEnvironmentsInTwoJobs(t *testing.T) {
	sandbox(t)
	artifacts, cache := t.TempDir(), must(t, ".", "sh", "-c", `echo "${XDG_CACHE_HOME:-$HOME/.cache}"`)
	action, dir := checkout(t), several(t)
	program := moduleOf(t).install(t)
	built(t, action, program)
	env := machine(t, "ARTIFACTS="+artifacts, "XDG_CACHE_HOME="+cache)
	defer func() {
		removed(t, dir, env, program)
	}()
	log, err := useActionAs(t, "environments", dir, action, env, "push", push, "--actor", "ada")
	require.NoError(t, err, log)
	passed := map[string]string{}
	for _, report := range []string{"slipway-staging", "slipway-production"} {
		content, err := os.ReadFile(filepath.Join(artifacts, report, "report.json"))
		require.NoError(t, err, log)
		var told struct {
			Result, Digest string
			Environments   []struct{ Name, Result string }
		}
		require.NoError(t, json.Unmarshal(content, &told))
		require.Equal(t, "passed", told.Result, log)
		for _, e := range told.Environments {
			passed[e.Name] = e.Result + " " + told.Digest
		}
	}
	require.Len(t, passed, 3)
	require.Equal(t, passed["staging"], passed["production-eu"])
	require.Equal(t, passed["staging"], passed["production-us"])
	require.Contains(t, passed["staging"], "passed sha256:")
}

func TestTheComponentTellsTheProgramWhichEnvironments(t *testing.T) {
	t.Parallel()
	for job, want := range map[string]map[string]string{
		"slipway-production": {"SLIPWAY_UNTIL": "staging", "SLIPWAY_FROM": "", "CI_ENVIRONMENT_NAME": "staging"},
		"approved":           {"SLIPWAY_UNTIL": "", "SLIPWAY_FROM": "release", "SLIPWAY_APPROVE": "production-eu", "CI_ENVIRONMENT_NAME": "production"},
	} {
		dir := several(t)
		write(t, filepath.Join(dir, ".gitlab-ci-local-variables.yml"), strings.ReplaceAll(files, "beta", "staging"))
		log, err := useComponentAs(t, "environments", func(component string) {
			edit(t, component, "- go run github.com/slipway-cd/slipway/ci@$[[ inputs.version ]]", "- env")
		}, dir, machine(t), job)
		require.NoError(t, err, log)
		seen := printed(log, job+" > ")
		for name, value := range want {
			require.Equal(t, value, seen[name], "%s: %s", job, name)
		}
		require.Equal(t, 1, strings.Count(log, " starting shell"), "one job: %s", log)
	}
}
