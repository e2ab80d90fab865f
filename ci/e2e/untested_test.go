package e2e

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnApplicationWithoutChecksOrTestsShipsByItsHealth: a Dockerfile with nothing but the
// image, and a description with nothing but the name.
func TestAnApplicationWithoutChecksOrTestsShipsByItsHealth(t *testing.T) {
	w := sandbox(t)
	n := w.newNamespaces(t, "untested")
	r := w.hello(t, n.production)
	content, err := os.ReadFile(r.path("Dockerfile"))
	require.NoError(t, err)
	bare := regexp.MustCompile(`(?s)FROM source AS check.*?(FROM source AS build)`).ReplaceAllString(string(content), "$1")
	require.NoError(t, os.WriteFile(r.path("Dockerfile"), []byte(bare), 0o644))
	require.NoError(t, os.WriteFile(r.path(".slipway.yaml"), []byte("name: hello\n"), 0o644))
	r.commit()
	done := w.pipeline(t, r, n)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Equal(t, allPassed, done.results())
	require.Contains(t, done.stage(t, "build").Detail, "no checks")
	require.Contains(t, done.stage(t, "functional").Detail, "answers inside and outside, not tested otherwise")
	require.Contains(t, done.stage(t, "production").Detail, "not tested but for its health")
	require.Len(t, done.stage(t, "functional").Tests, 2, "inside and outside")
	first := done.report.Version

	// Its pods are ready for Kubernetes, which looks at the port only.
	r.edit("answer.h", "/health", "/healthy")
	r.commit()
	broken := w.pipeline(t, r, n)
	require.Equal(t, 35, broken.code, broken.stdout)
	require.Regexp(t, `does not answer in time: GET http://127.0.0.1:\d+/.*/health: 404`, broken.stdout)
	status := w.run(t, append([]string{"status", "--source", r.folder}, n.flags()...)...)
	require.Contains(t, status.stdout, first)
}
