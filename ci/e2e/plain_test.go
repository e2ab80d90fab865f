package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestARepositoryWithManifestsAloneIsAdoptedByInit: a Dockerfile, a Deployment, a Service
// and an Ingress, and not one edit by hand until production answers.
func TestARepositoryWithManifestsAloneIsAdoptedByInit(t *testing.T) {
	w, r := sandbox(t), copied(t, "plain").server()
	r.edit("k8s/app.yaml", "/plain-app", "/e2e-plain-"+w.session)
	r.begin()
	begun := time.Now()

	check := w.run(t, "init", "--source", r.folder, "--check")
	require.Equal(t, 4, check.code, check.stdout+check.stderr)
	require.NoFileExists(t, r.path(".slipway.yaml"))
	done := w.run(t, "init", "--source", r.folder, "--name", "plain")
	require.Equal(t, 0, done.code, done.stderr)
	require.Contains(t, done.stdout, "next     read and commit them, then go run ./ci --source "+r.folder)
	r.commit()
	require.Equal(t, 0, w.run(t, "init", "--source", r.folder, "--check").code, "nothing is missing any more")

	e := &example{world: w, r: r, name: "plain", n: w.newNamespaces(t, "plain", "--source", r.folder)}
	first := e.shipped(t)
	require.Contains(t, first.stage(t, "functional").Detail, "answers inside; it has no address outside, not tested otherwise")
	t.Logf("0 edits by hand, %.0f s until production answered", time.Since(begun).Seconds())
	e.callChangesNothing(t, first)
	called := w.dagger(t, "call", "init", "--source", r.folder, "export", "--path", t.TempDir())
	require.Equal(t, 0, called.code, called.stderr)
	require.Contains(t, called.stderr, "nothing is missing")

	r.edit("hello.c", "signal(SIGPIPE, SIG_IGN);", "return 3;")
	r.commit()
	broken := e.ship(t)
	require.Equal(t, 32, broken.code, broken.stdout)
	require.Equal(t, 0, broken.report.Receipt.Changed)
	r.edit("hello.c", "return 3;", "signal(SIGPIPE, SIG_IGN);")
	r.commit()
	e.shipped(t)
	e.rollsBack(t, first)
}
