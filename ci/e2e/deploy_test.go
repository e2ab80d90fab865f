package e2e

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

var allPassed = []string{"build passed", "functional passed", "release passed", "deploy passed", "production passed", "cleanup passed"}

// TestProduction follows one production through good and bad commits: each part
// begins with what the first one deployed, and ends with it.
func TestProduction(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "production")
	r := w.newRepository(t, n.production)
	empty := w.snapshot(t, n)
	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	deployed := w.snapshot(t, n)

	t.Run("is reached by a commit", func(t *testing.T) {
		require.Regexp(t, `^(sandbox: up after [0-9.]+s\n)?$`, first.stderr) // told when it takes more than two seconds
		require.Equal(t, allPassed, first.results())
		require.Equal(t, report.Passed, first.report.Result)
		require.Equal(t, r.version(), first.report.Version)
		require.Equal(t, r.git("rev-parse", "HEAD"), first.report.Commit)
		require.Equal(t, r.version(), w.productionVersion(t, first))
		for _, tag := range []string{r.version() + "-beta", r.version()} {
			require.Equal(t, first.report.Digest, w.digest(t, tag), tag)
		}
		requireSame(t, empty.in(n.build), deployed.in(n.build), "the beta left something")
	})
	t.Run("is not changed by the same commit", func(t *testing.T) {
		again := w.pipeline(t, r, n)
		require.Equal(t, 0, again.code, again.stdout+again.stderr)
		require.Equal(t, allPassed, again.results())
		require.Equal(t, first.report.Digest, again.report.Digest)
		require.Regexp(t, `^0 of \d+ objects changed$`, again.stage(t, "deploy").Detail)
		requireSame(t, deployed.without(lock(n)), w.snapshot(t, n).without(lock(n)), "nothing changed, and yet")
	})
	t.Run("is not touched by a commit whose functional tests fail", func(t *testing.T) {
		before := w.snapshot(t, n)
		r := r.branch(t)
		r.edit("server.go", "Hello, World!", "Good bye!")
		r.commit()
		done := w.pipeline(t, r, n)
		require.Equal(t, 20, done.code, done.stdout+done.stderr)
		require.Equal(t, report.Failed, done.report.Result)
		require.Equal(t, []string{"build passed", "functional failed", "release skipped", "deploy skipped", "production skipped", "cleanup passed"}, done.results())
		require.Contains(t, done.stdout, "Good bye!", "the failing assertion is not shown")
		require.Equal(t, done.report.Digest, w.digest(t, r.version()+"-beta"))
		require.Empty(t, w.digest(t, r.version()), "an untested image has a final tag")
		require.NotEqual(t, done.report.Digest, w.digest(t, "latest"))
		requireSame(t, before, w.snapshot(t, n), "production was touched, or the beta left something")
		require.Equal(t, first.report.Version, w.productionVersion(t, first))
	})
	t.Run("is not touched while a failed beta is kept for a look, until Ctrl-C", func(t *testing.T) {
		before := w.snapshot(t, n)
		r := r.branch(t)
		r.edit("server.go", "Hello, World!", "Good bye!")
		r.commit()
		done := w.signalled(t, r, n, "keep-beta: beta ", syscall.SIGINT, "--keep-beta", "1h")
		require.Equal(t, 20, done.code, done.stdout+done.stderr)
		require.Equal(t, report.Passed, done.stage(t, "keep-beta").Result)
		requireSame(t, before, w.snapshot(t, n), "production was touched, or the beta left something")
	})
	t.Run("is put back when its tests fail", func(t *testing.T) {
		r := r.branch(t)
		r.refuseOthers("^1-") // that of the first commit
		done := w.pipeline(t, r, n)
		require.Equal(t, 21, done.code, done.stdout+done.stderr)
		require.Equal(t, report.Failed, done.report.Result)
		require.Equal(t, []string{"build passed", "functional passed", "release passed", "deploy passed", "production failed", "undo passed", "cleanup passed"}, done.results())
		require.Equal(t, report.Undo{Done: true}, done.report.Undo)
		require.Contains(t, done.report.Changes, report.Change{Namespace: n.production, Kind: "Deployment", Name: "api", Action: report.Restored})
		require.Equal(t, first.report.Version, w.productionVersion(t, first))
		requireSame(t, deployed.restored(n), w.snapshot(t, n).restored(n), "production is not as it was")
	})
	t.Run("is put back when the deploy is terminated", func(t *testing.T) {
		r := r.branch(t)
		r.commit()
		done := w.signalled(t, r, n, "deploy: Deployment ", syscall.SIGTERM)
		require.Equal(t, 143, done.code, done.stdout+done.stderr)
		require.Equal(t, report.Undo{Done: true}, done.report.Undo)
		require.Equal(t, first.report.Version, w.productionVersion(t, first))
		requireSame(t, deployed.restored(n), w.snapshot(t, n).restored(n), "production is not as it was")
	})
}

func TestAFirstDeployThatFailsInProductionLeavesNothing(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "first")
	r := w.newRepository(t, n.production)
	r.refuseOthers("^none")
	before := w.snapshot(t, n)

	done := w.pipeline(t, r, n)
	require.Equal(t, 21, done.code, done.stdout+done.stderr)
	require.Equal(t, report.Undo{Done: true}, done.report.Undo)
	require.Contains(t, done.report.Changes, report.Change{Namespace: n.production, Kind: "PersistentVolumeClaim", Name: "data-postgres-0", Action: report.Deleted})
	w.awaitVolumesGone(t, n)
	requireSame(t, before, w.snapshot(t, n).without(lock(n)), "the first deploy left something")
}

func TestAUnitTestThatFailsPushesNothing(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "unit")
	r := w.newRepository(t, n.production)
	r.edit("server_test.go", "http.StatusOK", "http.StatusTeapot")
	r.commit()
	before := w.snapshot(t, n)

	done := w.pipeline(t, r, n)
	require.Equal(t, 11, done.code, done.stdout+done.stderr)
	require.Equal(t, report.Failed, done.report.Result)
	require.Equal(t, []string{"build failed", "functional skipped", "release skipped", "deploy skipped", "production skipped", "cleanup passed"}, done.results())
	require.Contains(t, done.stage(t, "build").Error, "unit tests fail")
	require.Contains(t, done.stdout, "--- FAIL: ", "the failing test is not shown")
	require.Empty(t, done.report.Digest)
	for _, tag := range []string{r.version() + "-beta", r.version()} {
		require.Empty(t, w.digest(t, tag), tag)
	}
	require.Empty(t, done.report.Changes)
	requireSame(t, before, w.snapshot(t, n), "the cluster was touched")
}

func TestADockerfileThatDoesNotParseFailsTheBuild(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "build")
	r := w.newRepository(t, n.production)
	r.edit("Dockerfile", "COPY --from=tests-build", "COPPY --from=tests-build")
	r.commit()
	done := w.pipeline(t, r, n)
	require.Equal(t, 10, done.code, done.stdout+done.stderr)
	require.Contains(t, done.stage(t, "build").Cause, "COPPY", "the cause does not name the line")
	require.Less(t, len(done.stage(t, "build").Cause), 300, "a cause is one sentence")
}
