package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/difference"
	"github.com/slipway-cd/slipway/ci/history"
	"github.com/slipway-cd/slipway/ci/status"
)

// TestHistoryTellsWhatBecameOfEachDeploy: of one that stayed, one that crashed, one whose run was
// killed, and what changed between two.
func TestHistoryTellsWhatBecameOfEachDeploy(t *testing.T) {
	worker := newExampleIn(t, "told", "worker")
	worker.n.lease = shortLease
	worker.r.begin()
	ask := func(args ...string) ended {
		return worker.run(t, append(append(args, "--source", worker.r.folder), worker.n.flags()...)...)
	}
	read := func() (told status.Deploys) {
		done := ask("history", "--json")
		require.Equal(t, 0, done.code, done.stderr)
		require.NoError(t, json.Unmarshal([]byte(done.stdout), &told))
		return told
	}
	refused := func(want string, args ...string) {
		before := worker.snapshot(t, worker.n)
		done := ask(args...)
		require.Equal(t, 2, done.code, done.stdout+done.stderr)
		require.Empty(t, done.stdout)
		require.Equal(t, 1, strings.Count(done.stderr, "\n"), done.stderr)
		require.Contains(t, done.stderr, want)
		requireSame(t, before, worker.snapshot(t, worker.n), "a question changed something")
	}
	refused("namespace "+worker.n.production+": nothing was deployed there yet", "history")
	refused("diff v1: nothing was deployed yet", "diff", "v1", "v2")

	first := worker.shipped(t)
	worker.r.edit("kustomize/overlays/production/kustomization.yaml", "QUEUE=production", "QUEUE=")
	worker.r.commit()
	crashed := worker.isPutBack(t, 32)
	worker.r.edit("kustomize/overlays/production/kustomization.yaml", "QUEUE=", "QUEUE=other")
	worker.r.commit()
	killed := worker.start(t, worker.r, worker.n, func(process *os.Process, line string) {
		if strings.HasPrefix(line, "deploy: Deployment ") {
			_ = syscall.Kill(-process.Pid, syscall.SIGKILL)
		}
	})()
	require.Equal(t, -1, killed.code, killed.stdout+killed.stderr)
	third := worker.ship(t)
	require.Equal(t, 0, third.code, third.stdout+third.stderr)

	require.Contains(t, third.report.Files, "metrics.txt")
	require.Len(t, third.report.Delivery, 1)
	require.Equal(t, 4, third.report.Delivery[0].Deployments)
	require.Equal(t, 2, third.report.Delivery[0].Failures)

	all := read().Deploys
	require.Len(t, all, 4)
	results := map[history.Result]int{}
	for _, d := range all {
		results[d.Result]++
		require.Equal(t, all[0].Who, d.Who)
		require.False(t, d.Begun.IsZero())
	}
	require.Equal(t, map[history.Result]int{history.Released: 2, history.Undone: 2}, results)
	require.Equal(t, third.report.Version, all[0].Version)
	require.Equal(t, first.report.Version, all[0].Back)
	require.Equal(t, third.report.Commit, all[0].Commit)
	require.Equal(t, third.report.Digest, all[0].Digest)
	require.Positive(t, all[0].LeadSeconds)
	require.NotNil(t, all[0].Evidence)
	require.Equal(t, third.report.Evidence.SBOM, all[0].Evidence.SBOM)
	require.Equal(t, "its run was killed", all[1].Cause)
	require.Equal(t, third.report.Run, all[1].RecoveredBy)
	require.Equal(t, third.report.Commit, all[1].Commit)
	require.Equal(t, 32, all[2].ExitCode)
	require.Equal(t, "deploy", all[2].Stage)
	require.Contains(t, all[2].Cause, "exit code 7")

	t.Run("for people, and since a time", func(t *testing.T) {
		done := ask("history")
		require.Equal(t, 0, done.code, done.stderr)
		require.Contains(t, done.stdout, "production was put back to "+first.report.Version+" by run "+third.report.Run)
		keep(t, "history.txt", done.stdout)
		page := filepath.Join(t.TempDir(), "history.html")
		done = ask("history", "--since", "2020-01-01", "--output", "plain", "--html", page)
		written, err := os.ReadFile(page)
		require.NoError(t, err)
		require.Contains(t, string(written), "Change failure rate")
		require.Equal(t, 5, strings.Count(done.stdout[:strings.Index(done.stdout, "\n\n")], "\n"), done.stdout)
		refused(`--since: "yesterday": want a day`, "history", "--since", "yesterday")
		refused("is still to come", "history", "--since", "2999-01-01")
	})
	t.Run("what changed between two", func(t *testing.T) {
		done := ask("diff", first.report.Version, third.report.Version)
		require.Equal(t, 0, done.code, done.stderr)
		require.Contains(t, done.stdout, "+    QUEUE: other")
		require.Contains(t, done.stdout, "Packages of worker: ")
		keep(t, "diff.txt", done.stdout)
		var told difference.Difference
		require.NoError(t, json.Unmarshal([]byte(ask("diff", crashed.report.Version, third.report.Version, "--json").stdout), &told))
		require.Len(t, told.Commits, 1)
		require.Empty(t, told.CommitsError)
		require.Empty(t, told.Images[0].Error)
		require.Contains(t, told.ObjectsError, "those of "+crashed.report.Version+" are not kept")
		refused("known are "+third.report.Version+", "+crashed.report.Version+", "+first.report.Version, "diff", "v0", third.report.Version)
	})
}

// keep leaves what was printed where somebody asks for it: the documentation shows real output.
func keep(t *testing.T, name, text string) {
	t.Helper()
	if folder := os.Getenv("SLIPWAY_E2E_KEEP"); folder != "" {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
}
