package vendors

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	sigs "sigs.k8s.io/yaml"
)

const step = ".jenkins/vars/slipway.groovy"

// javaHome is what Debian's groovyc does not find by itself: it looks for default-java, which
// may be another package.
func javaHome(t *testing.T) string {
	t.Helper()
	java, err := exec.LookPath("java")
	require.NoError(t, err)
	java, err = filepath.EvalSymlinks(java)
	require.NoError(t, err)
	return "JAVA_HOME=" + strings.TrimSuffix(java, "/bin/java")
}

// useStep calls the step of the shared library with Groovy, in the checkout of another
// repository. The steps that it calls itself are stood in for.
func useStep(t *testing.T, dir string, env []string, settings ...string) (string, error) {
	t.Helper()
	needs(t, "java", "groovy")
	at := func(name string) string {
		path, err := filepath.Abs(name)
		require.NoError(t, err)
		return path
	}
	credentials := t.TempDir()
	for _, name := range []string{"build", "production", "registry"} {
		write(t, filepath.Join(credentials, name), "credential of "+name)
	}
	command := []string{"groovy", at("testdata/jenkins/steps.groovy"), at(filepath.Join("..", "..", step))}
	return run(t, dir, append(env, javaHome(t), "CREDENTIALS="+credentials, "WORKSPACE_TMP="+t.TempDir()), append(command, settings...)...)
}

func TestTheStepRunsTheProgram(t *testing.T) {
	t.Parallel()
	dir := other(t)
	commit(t, dir)
	log, err := useStep(t, dir, moduleOf(t).elsewhere(t), "version=latest", "image=registry.example.com/team/hello")
	require.Error(t, err, log)
	require.Contains(t, log, missing)
	require.Contains(t, log, "exit status 2")
	require.Contains(t, log, "archive slipway-report/**", "the report is kept of a run that failed, too")

	log, err = useStep(t, dir, machine(t))
	require.Error(t, err)
	require.Contains(t, log, "ERROR: slipway: version: missing")
}

// go, which the step calls, is stood in for.
func TestTheStepTellsTheProgramWhatItNeeds(t *testing.T) {
	t.Parallel()
	dir, seenIn := other(t), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(seenIn, "go"), []byte(`#!/bin/sh
env && echo "ARGUMENTS=$*" && cat "$SLIPWAY_KUBECONFIG" "$SLIPWAY_PRODUCTION_KUBECONFIG" 2>/dev/null; echo; cat "$DOCKER_CONFIG/config.json"; echo; stat -c MODE=%a "$DOCKER_CONFIG/config.json"
`), 0o755))
	env := machine(t, "PATH="+seenIn+":"+os.Getenv("PATH"))
	log, err := useStep(t, dir, env, "version=v1.2.3", "image=registry.example.com/team/hello", "kubeconfig=build", "productionKubeconfig=production", "registryAuth=registry")
	require.NoError(t, err, log)
	seen := printed(log, "")
	require.Equal(t, "run github.com/slipway-cd/slipway/ci@v1.2.3", seen["ARGUMENTS"])
	require.Equal(t, "production", seen["SLIPWAY_UNTIL"])
	require.Equal(t, "registry.example.com/team/hello", seen["SLIPWAY_IMAGE"])
	require.Equal(t, "600", seen["MODE"])
	require.Contains(t, log, "credential of buildcredential of production\ncredential of registry\n")
	require.NoDirExists(t, seen["DOCKER_CONFIG"])

	log, err = useStep(t, dir, env, "version=v1.2.3", "kubeconfig=build", "registryAuth=registry", "until=functional", "command=plan --output json")
	require.NoError(t, err, log)
	seen = printed(log, "")
	require.Equal(t, "run github.com/slipway-cd/slipway/ci@v1.2.3 plan --output json", seen["ARGUMENTS"])
	require.Equal(t, "functional", seen["SLIPWAY_UNTIL"])
	require.NotContains(t, seen, "SLIPWAY_PRODUCTION_KUBECONFIG", "of a change request")
}

// A bundle's task is run as Tekton runs it, with a shell in place of containers: parameters and
// the paths of workspaces are put in before.
func TestTheTaskRunsTheProgramOfAnotherRepository(t *testing.T) {
	t.Parallel()
	repository := other(t)
	commit(t, repository)
	var task struct {
		Spec struct {
			Params []struct{ Name, Default string }
			Steps  []struct {
				corev1.Container `json:",inline"`
				Script           string
			}
		}
	}
	require.NoError(t, sigs.Unmarshal([]byte(text(t, ".tekton/task.yaml")), &task))
	source := t.TempDir()
	known := []string{"$(context.taskRun.name)", "slipway-x7k2p", "$(workspaces.git.path)", t.TempDir(), "$(workspaces.credentials.path)", t.TempDir(), "/source", source, "/tekton/home", t.TempDir()}
	given := map[string]string{"repository": repository, "commit": must(t, repository, "git", "rev-parse", "HEAD"), "package": modulePath + "/ci@latest"}
	for _, param := range task.Spec.Params {
		value, ok := given[param.Name]
		if !ok {
			value = param.Default
		}
		known = append(known, "$(params."+param.Name+")", value)
	}
	put := strings.NewReplacer(known...).Replace
	env := moduleOf(t).elsewhere(t)
	for i, step := range task.Spec.Steps {
		stepEnv := env
		for _, variable := range step.Env {
			stepEnv = append(stepEnv, variable.Name+"="+put(variable.Value))
		}
		command := []string{"sh", "-eu", "-c", put(step.Script)}
		if step.Script == "" {
			command = nil
			for _, word := range step.Command {
				command = append(command, put(word))
			}
		}
		log, err := run(t, source, stepEnv, command...)
		if i == 0 {
			require.NoError(t, err, log)
			continue
		}
		require.Error(t, err, log)
		require.Regexp(t, regexp.MustCompile(`slipway: kubeconfig .*: no such file or directory`), log, "the workspace is empty")
		require.Contains(t, log, "exit status 2")
	}
}
