package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/trace"
	"github.com/slipway-cd/slipway/ci/trace/tracetest"
)

func TestARunLeavesItsMetricsBesideItsReportAndSendsThem(t *testing.T) {
	f, receiver := traced(t, "build", "deploy")
	var err error
	f.env.Metrics, err = trace.NewMetrics(t.Context(), trace.Origin{})
	require.NoError(t, err)
	f.on("deploy", func(context.Context) error {
		f.report.Delivery = []history.Month{{Month: "2026-10", Deployments: 9}, {Month: "2026-11", Deployments: 4}}
		return &exit.Failure{Code: exit.Crash, Cause: "it crashes"}
	})
	done := f.execute(t, t.Context())
	require.Equal(t, exit.Crash, done.ExitCode)
	content, err := os.ReadFile(filepath.Join(f.env.Dir.Path(), "metrics.txt"))
	require.NoError(t, err)
	text := string(content)
	require.True(t, strings.HasSuffix(text, "# EOF\n"))
	require.Regexp(t, `(?m)^cicd_pipeline_run_errors_total{cicd_pipeline_name="\w+",error_type="crash"} 1.0$`, text)
	require.Regexp(t, `(?m)^slipway_stage_duration_seconds{cicd_pipeline_name="\w+",cicd_pipeline_task_name="deploy",cicd_pipeline_task_run_result="failure",cicd_pipeline_task_type="deploy"} `, text)
	require.Regexp(t, `(?m)^slipway_delivery_deployments{.*slipway_delivery_month="2026-11"} 4.0$`, text)
	page, err := os.ReadFile(filepath.Join(f.env.Dir.Path(), "report.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), `<a href="metrics.txt">`)

	require.NoError(t, f.env.Metrics.Close())
	point := receiver.Metrics()["cicd.pipeline.run.duration"].GetHistogram().DataPoints[0]
	require.Equal(t, "failure", tracetest.Attributes(point.Attributes)["cicd.pipeline.result"])
}
