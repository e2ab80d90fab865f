package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

// TestAWorkerIsShipped: a program that nobody asks for anything, of which its description
// says only the name. It can be used when its objects are ready.
func TestAWorkerIsShipped(t *testing.T) {
	worker := newExample(t, "worker")
	n := worker.n
	worker.r.describe(unlisted)
	worker.r.begin()
	empty := worker.snapshot(t, n)
	first := worker.shipped(t)

	t.Run("without a Service to ask", func(t *testing.T) {
		require.Equal(t, "its objects are ready; it has no Service to ask", first.stage(t, "functional").Detail)
		require.Equal(t, first.report.Version+" with its objects ready; it has no Service to ask", first.stage(t, "production").Detail)
		require.Empty(t, first.report.Addresses)
		require.Contains(t, first.report.Changes, report.Change{Namespace: n.production, Kind: "CronJob", Name: "count", Action: report.Created})
		requireSame(t, empty.in(n.build), worker.snapshot(t, n).in(n.build), "the beta left something")
	})
	t.Run("again, which changes nothing", func(t *testing.T) {
		if testing.Short() {
			t.Skip("with -short: the module is not compiled")
		}
		worker.callChangesNothing(t, first)
	})
	t.Run("with the next commit, and rolled back", func(t *testing.T) {
		worker.r.commit()
		worker.shipped(t)
		worker.rollsBack(t, first)
	})
	t.Run("and put back when it crashes in production", func(t *testing.T) {
		worker.r.edit("kustomize/overlays/production/kustomization.yaml", "QUEUE=production", "QUEUE=")
		worker.r.commit()
		done := worker.isPutBack(t, 32)
		require.Contains(t, done.stage(t, "deploy").Error, "exit code 7")
		require.Contains(t, done.stdout, "QUEUE is empty", "its log is not shown")
	})
}
