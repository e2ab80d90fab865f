package vendors

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	sigs "sigs.k8s.io/yaml"
)

// linters say what is wrong with a file, or nothing.
var linters = map[string]struct {
	file   string
	lint   func(t *testing.T, dir, file string) error
	breaks map[string]string // from what to what, each of which must be noticed
}{
	"GitHub, by actionlint": {".github/workflows/slipway.yml", actionlint, map[string]string{
		"runs-on:": "run-on:", "contents: read": "contents: reed", "github.event_name": "github.event_nam", "secrets.": "secret.",
	}},
	"GitHub's release, by actionlint": {".github/workflows/release.yml", actionlint, map[string]string{
		"runs-on:": "run-on:", "contents: write": "contents: rite", "github.token": "github.tokens",
	}},
	"GitLab, by its schema": {".gitlab-ci.yml", gitlabSchema, map[string]string{
		"script:": "scripts:", "when: always": "when: allways", "interruptible:": "interruptable:",
	}},
	"CircleCI, by its parser": {".circleci/config.yml", circleciParser, map[string]string{
		"- run:": "- rum:", "command: go": "comand: go", "machine:": "machin:", "store_artifacts:": "store_artifact:", "image:": "imge:",
	}},
	"Tekton's task, by its linter": {".tekton/task.yaml", tektonLint, map[string]string{"params.until": "params.untl", "- name: commit": "- name: comit"}},
	"Tekton's task, by Kubernetes' types": {".tekton/task.yaml", readTask, map[string]string{
		"command:": "comand:", "runAsNonRoot: true": "runAsNonRoot: 1", "drop: [ALL]": "drop: ALL", "readOnly:": "readonly_:",
	}},
	"Jenkins' step, by Groovy": {step, groovy, map[string]string{"error '": "error ", "withEnv([": "withEnv("}},
	"Jenkins, by Groovy":       {".jenkins/Jenkinsfile", groovy, map[string]string{"steps {": "steps", "'slipway-report'": "'slipway-report"}},
	"Woodpecker, read strictly": {".woodpecker/slipway.yaml", strictly[woodpecker], map[string]string{
		"commands:": "comands:", "depth: 0": "depth: all", "event:": "events:", "*environment": "*enviroment",
	}},
	"Azure, read strictly": {".azure/pipelines.yml", strictly[azure], map[string]string{
		"steps:": "stepz:", "fetchDepth: 0": "fetchDepth: all", "condition:": "conditions:",
	}},
}

func TestEachVendorsFileIsWellFormed(t *testing.T) {
	t.Parallel()
	for name, linter := range linters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := checkout(t)
			require.NoError(t, linter.lint(t, dir, linter.file))
			path := filepath.Join(dir, linter.file)
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			for from, to := range linter.breaks {
				edit(t, path, from, to)
				require.Error(t, linter.lint(t, dir, linter.file), "%s in place of %s", to, from)
				require.NoError(t, os.WriteFile(path, content, 0o644))
			}
		})
	}
}

// said is the error of a linter that ended with one, and what it printed.
func said(out string, err error) error {
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return err
}

func actionlint(t *testing.T, dir, file string) error {
	return said(run(t, dir, nil, append(tool(t, "actionlint"), file)...))
}

// gitlabSchema is GitLab's own ci.json, which gitlab-ci-local holds each file to.
func gitlabSchema(t *testing.T, dir, _ string) error {
	needs(t, "rsync")
	return said(run(t, dir, machine(t), append(node(t, "gitlab-ci-local"), "--list")...))
}

// circleciParser is CircleCI's library that reads files into its SDK. It knows the parts
// of jobs and their steps, not all of workflows.
func circleciParser(t *testing.T, dir, file string) error {
	needs(t, "node", "npm")
	folder, err := npm()
	require.NoError(t, err)
	const parse = `require("@circleci/circleci-config-parser").parseConfig(require("fs").readFileSync(process.argv[1], "utf8"))`
	return said(run(t, folder, nil, "node", "-e", parse, filepath.Join(dir, file)))
}

func tektonLint(t *testing.T, dir, _ string) error {
	return said(run(t, dir, nil, append(node(t, "tekton-lint"), "--max-warnings", "0", ".tekton/*.yaml")...))
}

// readTask reads a Task whose steps are containers of Kubernetes, as Tekton's are but
// for the script. Tekton's own types cannot be had.
func readTask(t *testing.T, dir, file string) error {
	content, err := os.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	type step struct {
		corev1.Container `json:",inline"`
		Script           string `json:"script"`
	}
	type named struct {
		Name, Description, Default string
		ReadOnly, Optional         bool
	}
	var task struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			Description        string
			Params, Workspaces []named
			Volumes            []corev1.Volume
			StepTemplate       corev1.Container
			Steps              []step
		}
	}
	return sigs.UnmarshalStrict(content, &task)
}

// groovy compiles a Jenkinsfile, which tells whether it is Groovy and no more: what the
// words of a declarative pipeline may hold, Jenkins alone knows.
func groovy(t *testing.T, dir, file string) error {
	needs(t, "java", "groovyc")
	return said(run(t, dir, append(os.Environ(), javaHome(t)), "groovyc", "-d", t.TempDir(), file))
}

// strictly reads a file into what its vendor's documentation says of the keys that ours
// has: its schema cannot be had.
func strictly[T any](t *testing.T, dir, file string) error {
	_, err := read[T](t, filepath.Join(dir, file))
	return err
}

func read[T any](t *testing.T, path string) (out T, err error) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	return out, decoder.Decode(&out)
}

// woodpecker is https://woodpecker-ci.org/docs/usage/workflow-syntax
type woodpecker struct {
	When  []condition
	Clone []struct {
		Name, Image string
		Settings    struct {
			Partial bool
			Depth   int
		}
	}
	Steps []struct {
		Name, Image string
		When        []condition
		Environment map[string]any
		Commands    []string
	}
}

type condition struct{ Event, Branch string }

// azure is https://learn.microsoft.com/azure/devops/pipelines/yaml-schema
type azure struct {
	Trigger, PR struct{ Branches struct{ Include []string } }
	Pool        struct {
		VMImage string `yaml:"vmImage"`
	}
	Variables map[string]any
	Jobs      []struct {
		Job                    string
		TimeoutInMinutes       int `yaml:"timeoutInMinutes"`
		CancelTimeoutInMinutes int `yaml:"cancelTimeoutInMinutes"`
		Steps                  []struct {
			Checkout, Task, Script, Name, Condition string
			DisplayName                             string            `yaml:"displayName"`
			FetchDepth                              int               `yaml:"fetchDepth"`
			PersistCredentials                      bool              `yaml:"persistCredentials"`
			Inputs, Env                             map[string]string `yaml:",omitempty"`
		}
	}
}
