package telemetry

import (
	"context"

	"github.com/slipway-cd/slipway/ci/report"
	"github.com/slipway-cd/slipway/ci/trace"
)

// metricsFile is beside the reports, for a collector that reads files, or for whoever pushes it somewhere.
const metricsFile = "metrics.txt"

// Keep records what was measured, and keeps it beside the reports; where nobody asks for metrics it does neither.
func Keep(metrics *trace.Metrics, done trace.Measured, dir *report.Dir) error {
	if metrics == nil {
		return nil
	}
	if err := metrics.Record(context.Background(), done); err != nil {
		return err
	}
	text, err := metrics.Text()
	if err != nil {
		return err
	}
	return dir.Keep(metricsFile, text)
}
