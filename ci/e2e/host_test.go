package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestABetaHasAHostOfItsOwnThatDNSNeedNotKnow: an application that serves all of its host,
// tested where the controller has published it, under a name that no DNS server knows.
func TestABetaHasAHostOfItsOwnThatDNSNeedNotKnow(t *testing.T) {
	e := newExample(t, "host")
	host := e.n.production + ".example.com"
	e.r.edit("kustomize/base/host.yaml", "host-app.example.com", host)
	e.r.server().begin()
	first := e.shipped(t)
	require.Contains(t, first.stage(t, "functional").Detail, "tested inside and outside")
	require.Len(t, first.stage(t, "functional").Tests, 6, "the cases of the suite, at both addresses")
	var urls []string
	for _, address := range first.report.Addresses {
		urls = append(urls, address.URL)
	}
	require.Equal(t, []string{"http://web:80", "http://" + first.report.Run + "." + host, "http://" + host}, urls)
	require.Contains(t, first.report.Addresses[2].FoundBy, "host in its rule, dialled at ")
	e.callChangesNothing(t, first)

	e.r.edit(".slipway.yaml", "{run}.{host}", "{run}.example.com")
	e.r.commit()
	hurting := e.pipeline(t, e.r, e.n, "--run", e.n.production)
	require.Equal(t, 2, hurting.code, hurting.stdout)
	require.Contains(t, hurting.stderr, "would take traffic of Ingress "+e.n.production+"/web")
	require.Empty(t, hurting.results(), "before anything is built")
	e.r.edit(".slipway.yaml", "{run}.example.com", "{run}.{host}")

	e.r.edit("answer.h", "Hello from C!", "Bye from C!")
	e.r.commit()
	broken := e.ship(t)
	require.Equal(t, 20, broken.code, broken.stdout)
	require.Contains(t, broken.stage(t, "functional").Cause, "tests fail at http://web:80")
	require.Equal(t, 0, broken.report.Receipt.Changed)

	e.r.edit("answer.h", "Bye from C!", "Hello from C!")
	e.r.commit()
	e.shipped(t)
	e.rollsBack(t, first)
}

// TestAnApplicationWithoutAnIngressIsTestedThroughItsService, in production, too.
func TestAnApplicationWithoutAnIngressIsTestedThroughItsService(t *testing.T) {
	w, n, r := sandbox(t), namespaces{}, copied(t, "host").server()
	content, err := os.ReadFile(r.path("kustomize/base/host.yaml"))
	require.NoError(t, err)
	before, _, found := strings.Cut(string(content), "---\napiVersion: networking.k8s.io/v1")
	require.True(t, found)
	require.NoError(t, os.WriteFile(r.path("kustomize/base/host.yaml"), []byte(before), 0o644))
	r.edit(".slipway.yaml", "betas:\n  host: \"{run}.{host}\"\n", "")
	r.begin()
	n = w.newNamespaces(t, "inside", "--source", r.folder)
	done := w.pipeline(t, r, n)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Contains(t, done.stage(t, "functional").Detail, "tested inside; it has no address outside")
	require.Contains(t, done.stage(t, "production").Detail, "at Service web, no address is public")
	require.Len(t, done.stage(t, "production").Tests, 3)
	require.Equal(t, "http://web:80", done.report.Addresses[1].URL)
}
