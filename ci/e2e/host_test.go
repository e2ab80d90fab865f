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
	w := sandbox(t)
	n := w.ownNamespaces(t, "host")
	r := example(t, "host")
	host := n.production + ".example.com"
	r.edit("kustomize/base/host.yaml", "host-app.example.com", host)
	r.commit()
	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	require.Equal(t, allPassed, first.results())
	require.Contains(t, first.stage(t, "functional").Detail, "tested inside and outside")
	require.Len(t, first.stage(t, "functional").Tests, 6, "the cases of the suite, at both addresses")
	var urls []string
	for _, address := range first.report.Addresses {
		urls = append(urls, address.URL)
	}
	require.Equal(t, []string{"http://web:80", "http://" + first.report.Run + "." + host, "http://" + host}, urls)
	require.Contains(t, first.report.Addresses[2].FoundBy, "host in its rule, dialled at ")

	again := w.pipeline(t, r, n)
	require.Equal(t, 0, again.code, again.stdout)
	require.Equal(t, 0, again.report.Receipt.Changed)
	w.requireUnchangedByCall(t, r, n, "host")

	r.edit("answer.h", "Hello from C!", "Bye from C!")
	r.commit()
	broken := w.pipeline(t, r, n)
	require.Equal(t, 20, broken.code, broken.stdout)
	require.Contains(t, broken.stage(t, "functional").Cause, "tests fail at http://web:80")
	require.Equal(t, 0, broken.report.Receipt.Changed)

	r.edit("tests.pl", "Hello from C!", "Bye from C!")
	r.commit()
	second := w.pipeline(t, r, n)
	require.Equal(t, 0, second.code, second.stdout)
	back := w.run(t, append([]string{"rollback", "--source", r.folder, "--version", "ignored"}, n.flags()...)...)
	require.NotEqual(t, 0, back.code, "this commit's tests refuse the former version, and what was there is put back")
	status := w.run(t, append([]string{"status", "--source", r.folder}, n.flags()...)...)
	require.Contains(t, status.stdout, second.report.Version)
}

// TestAnApplicationWithoutAnIngressIsTestedThroughItsService, in production, too.
func TestAnApplicationWithoutAnIngressIsTestedThroughItsService(t *testing.T) {
	w := sandbox(t)
	n := w.ownNamespaces(t, "inside")
	r := example(t, "host")
	content, err := os.ReadFile(r.path("kustomize/base/host.yaml"))
	require.NoError(t, err)
	before, _, found := strings.Cut(string(content), "---\napiVersion: networking.k8s.io/v1")
	require.True(t, found)
	require.NoError(t, os.WriteFile(r.path("kustomize/base/host.yaml"), []byte(before), 0o644))
	r.edit(".slipway.yaml", "betas:\n  host: \"{run}.{host}\"\n", "")
	r.commit()
	done := w.pipeline(t, r, n)
	require.Equal(t, 0, done.code, done.stdout+done.stderr)
	require.Contains(t, done.stage(t, "functional").Detail, "tested inside; it has no address outside")
	require.Contains(t, done.stage(t, "production").Detail, "at Service web, no address is public")
	require.Len(t, done.stage(t, "production").Tests, 3)
	require.Equal(t, "http://web:80", done.report.Addresses[1].URL)
}
