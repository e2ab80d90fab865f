package job

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/goldentest"
	"github.com/slipway-cd/slipway/ci/settings"
)

// environment reads testdata/vendors/NAME.env, the variables of a job of that vendor.
func environment(t *testing.T, name string) func(string) string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "vendors", name+".env"))
	require.NoError(t, err)
	defer file.Close()
	values := map[string]string{}
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		if key, value, ok := strings.Cut(scanner.Text(), "="); ok && !strings.HasPrefix(key, "#") {
			values[key] = value
		}
	}
	return func(name string) string { return values[name] }
}

func TestEachVendorsJobIsRecognised(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "vendors", "*.env"))
	require.NoError(t, err)
	found := map[string]map[string]string{}
	seen := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".env")
		j, err := Of("auto", environment(t, name))
		require.NoError(t, err)
		require.NoError(t, settings.CheckRun(j.Run))
		found[name] = map[string]string{"vendor": j.Vendor, "run": j.Run, "commit": j.Commit, "branch": j.Branch, "actor": j.Actor, "url": j.URL}
		seen[j.Vendor] = true
	}
	for _, v := range vendors {
		require.True(t, seen[v.name], "no environment of %s", v.name)
	}
	text, err := json.MarshalIndent(found, "", "  ")
	require.NoError(t, err)
	goldentest.Require(t, "vendors.golden", string(text)+"\n")
}

func TestWithoutAVendorAnIDIsMade(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{
		"a person's machine":         nil,
		"variables without the mark": {"GITHUB_RUN_ID": "17", "CI_JOB_ID": "99", "CI": "true"},
		"one that plays a vendor":    {"GITLAB_CI": "false", "CI_JOB_ID": "99"},
	} {
		getenv := func(name string) string { return env[name] }
		one, err := Of("auto", getenv)
		require.NoError(t, err)
		other, err := Of("none", getenv)
		require.NoError(t, err)
		require.Empty(t, one.Vendor, name)
		require.Len(t, one.Run, 8)
		require.NotEqual(t, one.Run, other.Run)
	}
}

func TestWhatFitsNoLabelIsMadeFit(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"_Job/99 ": "job-99", "0123456789012345678901234567890-2": "0123456789012345678901234567890", "///": ""} {
		j, err := Of("auto", func(name string) string { return map[string]string{"GITLAB_CI": "true", "CI_JOB_ID": id}[name] })
		require.NoError(t, err)
		require.NoError(t, settings.CheckRun(j.Run))
		if want != "" {
			require.Equal(t, want, j.Run)
		}
	}
}

func TestAVendorCanBeNamed(t *testing.T) {
	t.Parallel()
	j, err := Of("gitlab", func(name string) string { return map[string]string{"GITHUB_ACTIONS": "true", "CI_JOB_ID": "7"}[name] })
	require.NoError(t, err)
	require.Equal(t, Job{Vendor: "gitlab", Run: "7"}, j)
	_, err = Of("githup", func(string) string { return "" })
	require.ErrorContains(t, err, `--vendor "githup": want one of auto, none, github, gitlab, jenkins, circleci, woodpecker, tekton, azure`)
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
}
