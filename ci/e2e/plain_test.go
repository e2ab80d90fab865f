package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ownNamespaces are those of an application that brings what bootstrap needs to know.
func (w *world) ownNamespaces(t *testing.T, name string) namespaces {
	t.Helper()
	n := namespaces{production: "e2e-" + name + "-" + w.session}
	n.build = n.production + "-build"
	w.removeAfter(t, n)
	return n
}

// TestARepositoryWithManifestsAloneIsAdoptedByInit: a Dockerfile, a Deployment, a Service
// and an Ingress, and not one edit by hand until production answers.
func TestARepositoryWithManifestsAloneIsAdoptedByInit(t *testing.T) {
	w := sandbox(t)
	n := w.ownNamespaces(t, "plain")
	r := example(t, "plain")
	r.edit("k8s/app.yaml", "/plain-app", "/"+n.production)
	r.commit()
	begun := time.Now()

	check := w.run(t, "init", "--source", r.folder, "--check")
	require.Equal(t, 4, check.code, check.stdout+check.stderr)
	require.NoFileExists(t, r.path(".slipway.yaml"))
	called := w.dagger(t, "call", "init", "--source", r.folder, "export", "--path", t.TempDir())
	require.Equal(t, 0, called.code, called.stderr)
	done := w.run(t, "init", "--source", r.folder, "--name", "plain")
	require.Equal(t, 0, done.code, done.stderr)
	require.Contains(t, done.stdout, "next     read and commit them, then go run ./ci --source "+r.folder)
	r.commit()
	require.Equal(t, 0, w.run(t, "init", "--source", r.folder, "--check").code, "nothing is missing any more")

	done = w.run(t, append([]string{"bootstrap", "--source", r.folder}, n.flags()...)...)
	require.Equal(t, 0, done.code, done.stderr)
	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	require.Equal(t, allPassed, first.results())
	require.Contains(t, first.stage(t, "functional").Detail, "answers inside; it has no address outside, not tested otherwise")
	t.Logf("0 edits by hand, %.0f s until production answered", time.Since(begun).Seconds())

	again := w.pipeline(t, r, n)
	require.Equal(t, 0, again.code, again.stdout)
	require.Equal(t, 0, again.report.Receipt.Changed)
	w.requireUnchangedByCall(t, r, n, "plain")

	r.edit("hello.c", "signal(SIGPIPE, SIG_IGN);", "return 3;")
	r.commit()
	broken := w.pipeline(t, r, n)
	require.Equal(t, 32, broken.code, broken.stdout)
	require.Equal(t, 0, broken.report.Receipt.Changed)
	r.edit("hello.c", "return 3;", "signal(SIGPIPE, SIG_IGN);")
	r.commit()
	second := w.pipeline(t, r, n)
	require.Equal(t, 0, second.code, second.stdout)
	back := w.run(t, append([]string{"rollback", "--source", r.folder}, n.flags()...)...)
	require.Equal(t, 0, back.code, back.stdout+back.stderr)
	require.Contains(t, back.stdout, first.report.Version)
}

// requireUnchangedByCall ships what is in production once more, by dagger call.
func (w *world) requireUnchangedByCall(t *testing.T, r *repository, n namespaces, image string, flags ...string) {
	t.Helper()
	done := w.call(t, "run", append([]string{"--source", r.folder, "--namespace", n.production, "--build-namespace", n.build, "--image", w.Image + "/" + image}, append(flags, "export", "--path", t.TempDir())...)...)
	require.Equal(t, 0, done.code, done.stderr)
	require.Regexp(t, `production: 0 of \d+ objects changed`, done.stderr)
}
