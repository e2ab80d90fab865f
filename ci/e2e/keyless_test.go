package e2e

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/evidence/sigstoretest"
)

// TestAJobSignsWithoutAKeyAndIsKnownByItsIdentity: with no key and no identity described, a rollback needs no token, for the release tells
// who signed; with one, nobody else ships.
func TestAJobSignsWithoutAKeyAndIsKnownByItsIdentity(t *testing.T) {
	sigstore := sigstoretest.New(t)
	w := sandbox(t)
	n := w.newNamespaces(t, "keyless")
	e := example{world: w, n: n, r: w.hello(t, n.production), name: "hello"}
	described, err := os.ReadFile(e.r.path(".slipway.yaml"))
	require.NoError(t, err)
	describe := func(evidence string) {
		require.NoError(t, os.WriteFile(e.r.path(".slipway.yaml"), append(described, "\nevidence: {sigstore: {signingConfig: signing.json, trustedRoot: root.json}"+evidence+"}\n"...), 0o644))
		e.r.commit()
	}
	require.NoError(t, os.WriteFile(e.r.path("signing.json"), sigstore.SigningConfig, 0o644))
	require.NoError(t, os.WriteFile(e.r.path("root.json"), sigstore.TrustedRoot, 0o644))
	describe("")
	e.args = []string{"--keyless"}
	none := e.ship(t)
	require.Equal(t, 2, none.code, none.stdout)
	require.Contains(t, none.stderr, "--keyless: this job has no identity token: set SIGSTORE_ID_TOKEN")

	const workflow = "team/hello/.ci/ship.yaml@refs/heads/main"
	token := sigstore.Vendor.Token(t, workflow)
	plain := e.world
	e.world = plain.with("SIGSTORE_ID_TOKEN=" + token)
	first := e.shipped(t)
	who := sigstoretest.SAN(workflow) + " (" + sigstore.Vendor.URL + ")"
	require.Equal(t, who, first.report.Evidence.Signer)
	require.NotContains(t, first.stdout+first.stderr+first.engineLog, token)
	told, err := json.Marshal(first.report)
	require.NoError(t, err)
	require.NotContains(t, string(told)+first.junit, token)
	require.Contains(t, e.run(t, append([]string{"status", "--source", e.r.folder}, e.n.flags()...)...).stdout, "signed by   "+who)

	e.r.commit()
	e.shipped(t)
	e.world, e.args = plain, nil
	e.rollsBack(t, first)

	describe(`, identities: [{issuer: "` + sigstore.Vendor.URL + `", subject: "` + sigstoretest.SAN("somebody/else") + `"}]`)
	e.world, e.args = plain.with("SIGSTORE_ID_TOKEN="+sigstore.Vendor.Token(t, workflow)), []string{"--keyless"}
	other := e.ship(t)
	require.Equal(t, 2, other.code, other.stdout+other.stderr)
	require.Contains(t, other.stdout+other.stderr, "--keyless: this job signs as "+who+", and the application accepts "+sigstoretest.SAN("somebody/else"))
}
