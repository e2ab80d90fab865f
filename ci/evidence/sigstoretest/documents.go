package sigstoretest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	trust "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/stretchr/testify/require"
)

// began is before anything that an instance signs.
var began = time.Now().Add(-time.Hour)

// signingConfig says where the services are.
func signingConfig(t *testing.T, fulcio, rekor, timestamps string) []byte {
	t.Helper()
	service := func(url string, version uint32) []root.Service {
		return []root.Service{{URL: url, MajorAPIVersion: version, ValidityPeriodStart: began, Operator: "tests"}}
	}
	any := root.ServiceConfiguration{Selector: trust.ServiceSelector_ANY}
	made, err := root.NewSigningConfig(root.SigningConfigMediaType02, service(fulcio, 1), nil, service(rekor, 2), any, service(timestamps, 1), any)
	require.NoError(t, err)
	text, err := json.Marshal(made)
	require.NoError(t, err)
	return text
}

// trustBundle are the certificates of a Fulcio's authority.
func trustBundle(t *testing.T, fulcio string) []byte {
	t.Helper()
	var answer struct {
		Chains []struct{ Certificates []string }
	}
	require.NoError(t, json.Unmarshal(read(t, fulcio+"/api/v2/trustBundle"), &answer))
	require.Len(t, answer.Chains, 1)
	return []byte(strings.Join(answer.Chains[0].Certificates, "\n"))
}

// trustedRoot says by which keys what the services have signed is known.
func trustedRoot(t *testing.T, authority, timestamps []*x509.Certificate, rekor string, logKey *ecdsa.PublicKey) []byte {
	t.Helper()
	last := func(chain []*x509.Certificate) *x509.Certificate { return chain[len(chain)-1] }
	der, err := x509.MarshalPKIXPublicKey(logKey)
	require.NoError(t, err)
	id := sha256.Sum256(der)
	made, err := root.NewTrustedRoot(root.TrustedRootMediaType01,
		[]root.CertificateAuthority{&root.FulcioCertificateAuthority{Root: last(authority), Intermediates: authority[:len(authority)-1], ValidityPeriodStart: began}},
		nil,
		[]root.TimestampingAuthority{&root.SigstoreTimestampingAuthority{Root: last(timestamps), Leaf: timestamps[0], Intermediates: timestamps[1 : len(timestamps)-1], ValidityPeriodStart: began}},
		map[string]*root.TransparencyLog{hex.EncodeToString(id[:]): {BaseURL: rekor, ID: id[:], HashFunc: crypto.SHA256, PublicKey: logKey, SignatureHashFunc: crypto.SHA256, ValidityPeriodStart: began}})
	require.NoError(t, err)
	text, err := json.Marshal(made)
	require.NoError(t, err)
	return text
}
