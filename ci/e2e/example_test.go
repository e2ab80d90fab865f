package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// example is an application of a repository in testdata, shipped to namespaces of its own.
type example struct {
	*world
	n    namespaces
	r    *repository // without a commit yet
	name string      // of repository and application
	args []string    // that say where in the repository it is
}

// newExample copies the repository and makes the application's namespaces.
func newExample(t *testing.T, name string, args ...string) example {
	t.Helper()
	return newExampleIn(t, name, name, args...)
}

// newExampleIn is newExample for a repository that other tests ship, too.
func newExampleIn(t *testing.T, namespace, name string, args ...string) example {
	t.Helper()
	w, r := sandbox(t), copied(t, name)
	return example{world: w, n: w.newNamespaces(t, namespace, append(args, "--source", r.folder)...), r: r, name: name, args: args}
}

// ship ships the commit that is checked out with the program.
func (e *example) ship(t *testing.T) ended {
	t.Helper()
	return e.pipeline(t, e.r, e.n, e.args...)
}

// shipped is a commit that passes all stages.
func (e *example) shipped(t *testing.T) ended {
	t.Helper()
	done := e.ship(t)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Equal(t, allPassed, done.results())
	require.Equal(t, e.r.version(), done.report.Version)
	e.requireRuns(t, done)
	return done
}

// requireRuns holds production's Deployments to have all images of a run, which together
// are a version.
func (e *example) requireRuns(t *testing.T, done ended) {
	t.Helper()
	var deployments []string
	for id, content := range e.snapshot(t, e.n).in(e.n.production) {
		if strings.HasPrefix(id, "Deployment ") {
			deployments = append(deployments, content...)
		}
	}
	require.NotEmpty(t, done.report.Images)
	for _, image := range done.report.Images {
		require.Contains(t, strings.Join(deployments, "\n"), `"image": "`+image.Repository+"@"+image.Digest+`"`)
	}
}

// callChangesNothing ships a commit again that production runs already, as a function of
// the module: another program, which must make the same of it.
func (e *example) callChangesNothing(t *testing.T, former ended) {
	t.Helper()
	before := e.snapshot(t, e.n)
	args := e.runs(e.r.folder, e.n, e.name)
	done := e.called(t, slices.Concat(args, e.args, []string{"export", "--path"})...)
	require.Equal(t, 0, done.code, done.stderr)
	require.Equal(t, allPassed, done.results())
	require.Equal(t, former.report.Images, done.report.Images)
	require.Regexp(t, `^0 of \d+ objects changed$`, done.stage(t, "deploy").Detail)
	requireSame(t, before.without(lock(e.n)), e.snapshot(t, e.n).without(lock(e.n)), "nothing changed, and yet")
}

// rollsBack goes back to the release before, and returns what was said.
func (e *example) rollsBack(t *testing.T, to ended) ended {
	t.Helper()
	done := e.pipeline(t, e.r, e.n, append([]string{"rollback"}, e.args...)...)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Equal(t, []string{"build passed", "rollback passed", "production passed", "cleanup passed"}, done.results())
	require.Equal(t, to.report.Version, done.report.Version)
	require.Equal(t, to.report.Images, done.report.Images)
	e.requireRuns(t, to)
	return done
}

// isPutBack ships a commit whose deploy fails, and returns what was said. Production is as
// before but for the objects whose ids are excused.
func (e *example) isPutBack(t *testing.T, code int, excused ...string) ended {
	t.Helper()
	before := e.snapshot(t, e.n)
	done := e.ship(t)
	require.Equal(t, code, done.code, done.stdout+done.stderr)
	require.Equal(t, []string{"build passed", "functional passed", "release passed", "deploy failed", "production skipped", "undo passed", "cleanup passed"}, done.results())
	require.True(t, done.report.Undo.Done)
	requireSame(t, before.restored(e.n).without(excused...), e.snapshot(t, e.n).restored(e.n).without(excused...), "production is not as it was")
	return done
}
