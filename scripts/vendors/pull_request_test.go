package vendors

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func text(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", file))
	require.NoError(t, err)
	return string(content)
}

// written is a part of a file, as YAML.
func written(t *testing.T, part any) string {
	t.Helper()
	content, err := yaml.Marshal(part)
	require.NoError(t, err)
	return string(content)
}

// The files of GitHub and GitLab are run: what reaches the program is seen there.
func TestAPullRequestGetsNothingOfProductions(t *testing.T) {
	t.Parallel()
	beta := map[string]string{}

	pipeline, err := read[woodpecker](t, filepath.Join("..", "..", ".woodpecker", "slipway.yaml"))
	require.NoError(t, err)
	for _, step := range pipeline.Steps {
		require.Len(t, step.When, 1)
		if step.When[0].Event == "pull_request" {
			beta["woodpecker"] += written(t, step.Environment)
		}
	}

	var config struct {
		Workflows struct {
			Slipway struct{ Jobs []map[string]map[string]any }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(text(t, ".circleci/config.yml")), &config))
	for _, job := range config.Workflows.Slipway.Jobs {
		if written(t, job["slipway"]["filters"]) != "branches:\n    only: main\n" {
			beta["circleci"] += written(t, job)
		}
	}

	pipelines, err := read[azure](t, filepath.Join("..", "..", ".azure", "pipelines.yml"))
	require.NoError(t, err)
	for name, value := range pipelines.Variables {
		if name == "${{ if eq(variables['Build.Reason'], 'PullRequest') }}" {
			beta["azure"] += written(t, value)
		}
	}

	beta["tekton"] = text(t, ".tekton/pull-request.yaml")
	for vendor, part := range beta {
		require.Contains(t, part, "functional", vendor)
		require.Contains(t, part, "beta", vendor)
		require.NotContains(t, part, "production", vendor)
	}
	require.Len(t, beta, 4)
	require.Contains(t, text(t, ".jenkins/Jenkinsfile"), `"${env.CHANGE_ID ? 'functional' : 'production'}"`)
	require.Contains(t, text(t, ".jenkins/Jenkinsfile"), `def production = env.CHANGE_ID ? [] : [file(credentialsId: 'slipway-production',`)
}

var vendorFiles = []string{".github/workflows/slipway.yml", ".gitlab-ci.yml", ".jenkins/Jenkinsfile", ".circleci/config.yml", ".woodpecker/slipway.yaml", ".tekton/task.yaml", ".azure/pipelines.yml"}

func TestEachFileRunsTheOneCommand(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile(`(?m)go run \./ci|go, run, -C, /source/checkout, \$\(params\.package\)`)
	for _, file := range vendorFiles {
		require.Len(t, command.FindAllString(text(t, file), -1), 1, file)
	}
}

// Nobody here can know the digest of an image that he cannot pull: a file says so.
func TestImagesByTagAreSaidToBe(t *testing.T) {
	t.Parallel()
	for _, file := range vendorFiles {
		content := text(t, file)
		if strings.Contains(content, "golang:") && !strings.Contains(content, "@sha256:") {
			require.Regexp(t, `(?s)by tag: pin\s(# )?the digest`, content, file)
		}
	}
}
