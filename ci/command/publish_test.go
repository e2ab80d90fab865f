package command

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

func TestTheSummaryGoesToThePageOfTheVendor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "summary")
	require.NoError(t, os.WriteFile(path, []byte("before\n"), 0o600))
	getenv := func(name string) string { return map[string]string{"GITHUB_STEP_SUMMARY": path}[name] }
	var out bytes.Buffer
	require.NoError(t, publish(report.Report{Vendor: "github", Version: "1.2.3", Result: report.Passed}, "runs/1", &out, getenv))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `(?s)^before\n### ✓ .1\.2\.3. passed`, string(content))
	require.Empty(t, out.String())

	require.NoError(t, publish(report.Report{Vendor: "azure"}, "/runs/1", &out, getenv))
	require.Equal(t, "##vso[task.uploadsummary]/runs/1/summary.md\n", out.String())
	require.NoError(t, publish(report.Report{Vendor: "gitlab"}, "runs/1", &out, getenv))
	require.NoError(t, publish(report.Report{Vendor: "github"}, "runs/1", &out, func(string) string { return "" }))
	require.ErrorContains(t, publish(report.Report{Vendor: "github"}, "runs/1", &out, func(string) string { return "/nowhere/summary" }), "summary of the run: ")
}
