// Package sigstoretest runs a private instance of Sigstore for tests: the real Fulcio, Rekor and timestamp authority, which
// scripts/sigstore names, as processes of this machine, and a CI vendor whose tokens that Fulcio takes.
package sigstoretest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Instance is one that runs.
type Instance struct {
	Vendor *Issuer

	SigningConfig, TrustedRoot []byte
}

// SAN is the subject that Fulcio certifies for a workflow.
func SAN(workflow string) string { return "https://ci.example.com/" + workflow }

// Variable is what has tests start an instance.
const Variable = "SLIPWAY_TEST_SIGSTORE"

// New starts an instance, which ends with the test.
func New(t *testing.T) *Instance {
	t.Helper()
	if os.Getenv(Variable) == "" {
		t.Skip(Variable + " is not set: it compiles Sigstore's servers, which takes minutes")
	}
	folder := t.TempDir()
	out := &Instance{Vendor: newIssuer(t)}
	at := ports(t, 7)
	fulcio, rekor, timestamps := "http://127.0.0.1:"+at[0], "http://127.0.0.1:"+at[3], "http://127.0.0.1:"+at[6]

	settings := filepath.Join(folder, "fulcio.yaml")
	require.NoError(t, os.WriteFile(settings, []byte(`oidc-issuers:
  `+out.Vendor.URL+`:
    issuer-url: `+out.Vendor.URL+`
    client-id: sigstore
    type: ci-provider
    ci-provider: vendor
ci-issuer-metadata:
  vendor:
    subject-alternative-name-template: "`+SAN("{{ .job_workflow_ref }}")+`"
`), 0o644))
	start(t, fulcio+"/healthz", server(t, "fulcio"), "serve", "--ca=ephemeralca", "--ct-log-url=", "--config-path="+settings,
		"--host=127.0.0.1", "--port="+at[0], "--grpc-host=127.0.0.1", "--grpc-port="+at[1], "--metrics-port="+at[2],
		"--legacy-unix-domain-socket="+filepath.Join(folder, "fulcio.sock"))

	private, logKey := newKey(t)
	signer := filepath.Join(folder, "rekor.pem")
	require.NoError(t, os.WriteFile(signer, private, 0o600))
	start(t, rekor+"/healthz", server(t, "posix"), "serve", "--hostname=127.0.0.1", "--storage-dir="+filepath.Join(folder, "rekor"), "--signer-filepath="+signer,
		"--http-port="+at[3], "--grpc-port="+at[4], "--http-metrics-port="+at[5], "--batch-max-age=50ms", "--checkpoint-interval=100ms")

	start(t, timestamps+"/ping", server(t, "timestamp-server"), "serve", "--host=127.0.0.1", "--port="+at[6], "--disable-ntp-monitoring")

	out.SigningConfig = signingConfig(t, fulcio, rekor, timestamps+"/api/v1/timestamp")
	out.TrustedRoot = trustedRoot(t, certificates(t, trustBundle(t, fulcio)), certificates(t, read(t, timestamps+"/api/v1/timestamp/certchain")), rekor, logKey)
	return out
}

// server is one of scripts/sigstore's, without what it has for keys in hardware.
func server(t *testing.T, name string) string {
	t.Helper()
	return program(t, "sigstore", name, "CGO_ENABLED=0")
}

func newKey(t *testing.T) (private []byte, key *ecdsa.PublicKey) {
	t.Helper()
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(made)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), &made.PublicKey
}

func certificates(t *testing.T, text []byte) (out []*x509.Certificate) {
	t.Helper()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		read, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		out = append(out, read)
	}
	require.NotEmpty(t, out, string(text))
	return out
}
