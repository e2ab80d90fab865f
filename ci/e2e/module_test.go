package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/report"
)

// TestDaggerCallDoesWhatTheProgramDoes follows one production through the module's functions.
func TestDaggerCallDoesWhatTheProgramDoes(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "call")
	r := w.hello(t, n.production)
	image := w.Image + "/hello"
	runs := func(r *repository, more ...string) []string { return append(w.runs(r.folder, n, "hello"), more...) }
	status := func() string {
		done := w.call(t, "status", "--source", r.folder, "--namespace", n.production, "--build-namespace", n.build)
		require.Equal(t, 0, done.code, done.stderr)
		return done.stdout
	}
	require.Contains(t, status(), "Nothing is released")
	empty := w.snapshot(t, n)
	first := w.called(t, runs(r, "export", "--path")...)
	require.Equal(t, 0, first.code, first.stderr)
	require.Equal(t, allPassed, first.results())
	require.Equal(t, r.version(), w.plainVersion(t, first))
	require.Equal(t, first.report.Digest, w.digestOf(t, "hello", r.version()))
	require.Equal(t, "system:serviceaccount:"+n.build+":slipway", first.report.As, "an administrator's rights were used")
	require.Equal(t, "system:serviceaccount:"+n.production+":slipway", first.report.ProductionAs, "an administrator's rights were used")
	deployed := w.snapshot(t, n)
	requireSame(t, empty.in(n.build), deployed.in(n.build), "the beta left something")

	t.Run("status and plan tell what the program tells", func(t *testing.T) {
		require.Contains(t, status(), r.version(), "the same call was answered from a cache")
		plan := w.call(t, "plan", "--source", r.folder, "--namespace", n.production, "--image", image, "--as-json")
		require.Equal(t, 0, plan.code, plan.stderr)
		var told struct{ Digest string }
		require.NoError(t, json.Unmarshal([]byte(plan.stdout), &told), plan.stdout)
		require.Equal(t, first.report.Digest, told.Digest)
	})
	t.Run("history and diff tell what the program tells", func(t *testing.T) {
		done := w.call(t, "history", "--source", r.folder, "--namespace", n.production, "--since", "30d", "--as-json")
		require.Equal(t, 0, done.code, done.stderr)
		var told struct {
			Deploys []struct{ Version, Digest string }
		}
		require.NoError(t, json.Unmarshal([]byte(done.stdout), &told), done.stdout)
		require.Equal(t, first.report.Digest, told.Deploys[0].Digest)
		same := w.call(t, "diff", "--from", r.version(), "--to", r.version(), "--source", r.folder, "--namespace", n.production, "--image", image)
		require.Equal(t, 0, same.code, same.stderr)
		require.Contains(t, same.stdout, "Commits from "+r.version()+" to "+r.version()+": none")
	})
	t.Run("each account's own credentials do for its part, and no other", func(t *testing.T) {
		folder := t.TempDir()
		done := w.run(t, append([]string{"bootstrap", "--credentials", folder}, n.flags()...)...)
		require.Equal(t, 0, done.code, done.stderr)
		build, production := "file:"+filepath.Join(folder, "build.conf"), "file:"+filepath.Join(folder, "production.conf")
		run := runs(r, "export", "--path", t.TempDir())
		as := func(flags ...string) ended {
			return w.dagger(t, slices.Concat([]string{"call", "run", "--cluster", w.server(t)}, flags, run[1:])...)
		}
		both := as("--kubeconfig", build, "--production-kubeconfig", production)
		require.Equal(t, 0, both.code, both.stderr)
		alone := as("--kubeconfig", build)
		require.NotEqual(t, 0, alone.code)
		require.Regexp(t, `namespace `+n.production+`: .*or give separate credentials for production with --production-kubeconfig`, alone.stderr)
		beta := as("--kubeconfig", build, "--production-kubeconfig", "file:/nowhere", "--until", "functional")
		require.Equal(t, 0, beta.code, beta.stderr)
		require.Contains(t, beta.stderr, "production: not compared, since this run has no credentials for it")
	})
	t.Run("bootstrap prints what the program prints, and cleanup finds nothing", func(t *testing.T) {
		flags := append([]string{"bootstrap", "--print", "--source", r.folder}, n.flags()...)
		printed := w.call(t, flags[0], append(flags[1:], "--harden")...)
		require.Equal(t, 0, printed.code, printed.stderr)
		require.Equal(t, strings.TrimSpace(w.run(t, append(flags, "--kubeconfig", w.Kubeconfig, "--harden")...).stdout), strings.TrimSpace(printed.stdout))
		cleaned := w.call(t, "cleanup", "--source", r.folder, "--build-namespace", n.build, "--run", first.report.Run)
		require.Equal(t, 0, cleaned.code, cleaned.stderr)
		require.Contains(t, cleaned.stdout, "nothing in "+n.build)
		images := w.call(t, "cleanup", "--source", r.folder, "--namespace", n.production, "--build-namespace", n.build, "--image", image, "--images", "--older", "1000d", "--plan")
		require.Equal(t, 0, images.code, images.stderr)
		require.Regexp(t, `/hello: 0 of \d+ -beta tags would be removed; kept: `, images.stdout)
	})
	t.Run("a run that fails is put back and says why", func(t *testing.T) {
		r := r.branch(t)
		r.refuse("^1-")
		done := w.called(t, runs(r, "export", "--path")...)
		require.NotEqual(t, 0, done.code)
		require.Regexp(t, `(?m)^Error: production: tests fail at .*\(exit code 21\)`, done.stderr)
		again := w.called(t, runs(r, "--allow-failure", "export", "--path")...)
		require.Equal(t, 0, again.code, again.stderr)
		require.Equal(t, 21, again.report.ExitCode)
		require.Equal(t, report.Undo{Done: true}, again.report.Undo)
		require.Equal(t, first.report.Version, w.plainVersion(t, first))
		requireSame(t, deployed.restored(n), w.snapshot(t, n).restored(n), "production is not as it was")
	})
	t.Run("what a cancelled call left, recover puts back", func(t *testing.T) {
		r := r.branch(t)
		r.commit()
		cut := w.interrupted(t, "deploy: Deployment ", runs(r)...)
		require.NotEqual(t, 0, cut.code)
		done := w.called(t, "recover", "--source", r.folder, "--namespace", n.production, "--build-namespace", n.build,
			"--image", image, "export", "--path")
		require.Equal(t, 0, done.code, done.stderr)
		require.Contains(t, done.stage(t, "recover").Detail, "production verified back on "+first.report.Version)
		requireSame(t, deployed.restored(n), w.snapshot(t, n).restored(n), "production is not as it was")
	})
	t.Run("rollback goes back to the release before", func(t *testing.T) {
		r := r.branch(t)
		r.commit()
		second := w.called(t, runs(r, "export", "--path")...)
		require.Equal(t, 0, second.code, second.stderr)
		require.Equal(t, r.version(), w.plainVersion(t, second))
		back := w.called(t, "rollback", "--source", r.folder, "--namespace", n.production, "--build-namespace", n.build,
			"--image", image, "export", "--path")
		require.Equal(t, 0, back.code, back.stderr)
		require.Equal(t, first.report.Version, w.plainVersion(t, back))
	})
}

func TestAnotherRepositoryIsShippedWithoutACopy(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "another")
	r := w.hello(t, n.production)
	image := w.call(t, "build", "--source", r.folder, "entrypoint")
	require.Equal(t, 0, image.code, image.stderr)
	require.Contains(t, image.stdout, "/hello")
	before := w.snapshot(t, n)

	login := []string{"--registry-user", "ci", "--registry-password", "env:PASSWORD"}
	done := w.called(t, slices.Concat(w.runs(r.folder, n, "hello"), login, []string{"export", "--path"})...)
	require.Equal(t, 0, done.code, done.stderr)
	require.Equal(t, allPassed, done.results())
	require.Equal(t, r.version(), done.report.Version)
	requireSame(t, before.in(n.build), w.snapshot(t, n).in(n.build), "the beta left something")

	r.edit("answer.h", "Hello from C!", "Good bye!")
	r.edit("unit.c", "Hello from C!", "Good bye!")
	r.commit()
	failed := w.called(t, append(w.runs(r.folder, n, "hello"), "export", "--path")...)
	require.Regexp(t, `(?m)^Error: functional: tests fail at .*\(exit code 20\)`, failed.stderr)
}

func TestABadCallIsOneLineAndChangesNothing(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "badcall")
	r := w.newRepository(t, n.production)
	empty, text := t.TempDir(), filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("no kubeconfig"), 0o600))
	bare := w.hello(t, n.production)
	require.NoError(t, os.Remove(bare.path("Dockerfile")))
	absent := namespaces{production: n.production + "-absent", build: n.build + "-absent"}
	image := w.Image + "/go-demo"
	before := w.snapshot(t, n)
	on := func(args ...string) []string { return w.withCluster(t, args[0], args[1:]) }
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"a missing secret":              {[]string{"call", "run", "--source", r.folder, "--image", image}, `required flag\(s\) "kubeconfig" not set`},
		"a secret that is not there":    {[]string{"call", "run", "--source", r.folder, "--image", image, "--kubeconfig", "file:/nowhere"}, `/nowhere`},
		"a kubeconfig that is none":     {[]string{"call", "run", "--source", r.folder, "--image", image, "--kubeconfig", "file:" + text}, `kubeconfig.*\(exit code 2\)`},
		"a source without a Dockerfile": {on(w.runs(bare.folder, n, "go-demo")...), `--source: it has no Dockerfile \(exit code 2\)`},
		"a source that is nobody's":     {on(w.runs(empty, n, "go-demo")...), `--source: it has no \.slipway\.yaml`},
		"a password of nobody":          {on(append(w.runs(r.folder, n, "go-demo"), "--registry-password", "env:HOME")...), `--registry-user and --registry-password: give both`},
		"a stage that is none":          {on(append(w.runs(r.folder, n, "go-demo"), "--until", "never")...), `--until "never": no such stage.*\(exit code 2\)`},
		"namespaces that do not exist":  {on(w.runs(r.folder, absent, "go-demo")...), `run bootstrap \(exit code 2\)`},
		"nobody's leftovers":            {on("cleanup", "--source", r.folder), `--run ID.*--stale.*\(exit code 2\)`},
		"no version to go back to":      {on("rollback", "--source", r.folder, "--image", image, "--namespace", n.production, "--build-namespace", n.build), `no release to go back to.*\(exit code 2\)`},
	} {
		t.Run(name, func(t *testing.T) {
			done := w.dagger(t, c.args...)
			require.NotEqual(t, 0, done.code)
			require.Regexp(t, `(?m)^Error: .*`+c.says, done.stderr)
		})
	}
	requireSame(t, before, w.snapshot(t, n), "a bad call changed something")
}

func TestFunctionsReadLikeAManual(t *testing.T) {
	w := sandbox(t)
	done := w.dagger(t, "functions")
	require.Equal(t, 0, done.code, done.stderr)
	for _, name := range []string{"bootstrap", "build", "cleanup", "plan", "recover", "rollback", "run", "status"} {
		require.Regexp(t, `(?m)^`+name+` +[A-Z].{20,}\.$`, done.stdout)
	}
}
