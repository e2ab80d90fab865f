package evidence

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/url"
	"testing"
	"time"

	bundles "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
)

// Sigstore's servers give no certificate that has expired: this authority is the test's own.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	timestamps  *ca.VirtualSigstore
}

const (
	somebody = "https://ci.example.com/team/app/.ci/ship.yaml@refs/heads/main"
	vendor   = "https://token.ci.example.com"
	shipped  = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

func newAuthority(t *testing.T) *authority {
	t.Helper()
	certificate, key, err := ca.GenerateRootCa()
	require.NoError(t, err)
	timestamps, err := ca.NewVirtualSigstore()
	require.NoError(t, err)
	return &authority{certificate, key, timestamps}
}

// certified is a key with a certificate that is valid for ten minutes from a time on, with these extensions.
func (a *authority) certified(t *testing.T, from time.Time, more ...pkix.Extension) *certified {
	t.Helper()
	key, err := sign.NewEphemeralKeypair(nil)
	require.NoError(t, err)
	subject, err := url.Parse(somebody)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), URIs: []*url.URL{subject}, NotBefore: from, NotAfter: from.Add(10 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, ExtraExtensions: more}, a.certificate, key.GetPublicKey(), a.key)
	require.NoError(t, err)
	return &certified{key: key, der: der}
}

// issuedBy is how Fulcio writes down who issued the token.
func issuedBy(issuer string) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}, Value: []byte(issuer)}
}

// sign signs with a certified key, now.
func (a *authority) sign(t *testing.T, by *certified) Document {
	t.Helper()
	statement, err := NewSignature(Subject{Name: "app", Digest: shipped})
	require.NoError(t, err)
	document, err := sealed(t.Context(), statement, by.key, sign.BundleOptions{CertificateProvider: by})
	require.NoError(t, err)
	made := &bundles.Bundle{}
	require.NoError(t, protojson.Unmarshal(document.Content, made))
	stamp, err := a.timestamps.TimestampResponse(made.GetDsseEnvelope().GetSignatures()[0].GetSig())
	require.NoError(t, err)
	made.VerificationMaterial.TimestampVerificationData = &bundles.TimestampVerificationData{Rfc3161Timestamps: []*common.RFC3161SignedTimestamp{{SignedTimestamp: stamp}}}
	document.Content, err = protojson.Marshal(made)
	require.NoError(t, err)
	return document
}

// accepted takes the word of somebody whom this authority has certified, at a time that another one's timestamps tell.
func (a *authority) accepted(t *testing.T, timestamps *ca.VirtualSigstore) Accepted {
	t.Helper()
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01, []root.CertificateAuthority{&root.FulcioCertificateAuthority{Root: a.certificate}},
		nil, timestamps.TimestampingAuthorities(), nil)
	require.NoError(t, err)
	return Accepted{Identities: []Identity{{Issuer: vendor, Subject: somebody}}, Sigstore: &Sigstore{trusted: func() (*root.TrustedRoot, error) { return trusted, nil }}}
}

func TestACertificateCountsByWhoMadeItAndWhen(t *testing.T) {
	t.Parallel()
	own, foreign := newAuthority(t), newAuthority(t)
	valid := time.Now().Add(-time.Minute)
	verified, err := own.accepted(t, own.timestamps).Verify(own.sign(t, own.certified(t, valid, issuedBy(vendor))), shipped)
	require.NoError(t, err)
	require.Equal(t, somebody+" ("+vendor+")", verified.Signer)

	for name, c := range map[string]struct {
		accepted Accepted
		by       *certified
		says     string
	}{
		"expired":             {own.accepted(t, own.timestamps), own.certified(t, valid.Add(-time.Hour), issuedBy(vendor)), "it was signed at .*, and the certificate of " + somebody + " .* was valid until "},
		"another authority":   {foreign.accepted(t, own.timestamps), own.certified(t, valid, issuedBy(vendor)), "its certificate of .* is by no authority that the trusted root had at "},
		"another's timestamp": {own.accepted(t, foreign.timestamps), own.certified(t, valid, issuedBy(vendor)), "it was signed by .*, and neither log nor timestamp authority of the trusted root says when"},
		"another issuer":      {own.accepted(t, own.timestamps), own.certified(t, valid, issuedBy("https://elsewhere")), "it was signed by .*, whose issuer is https://elsewhere, and accepted is "},
		"no issuer":           {own.accepted(t, own.timestamps), own.certified(t, valid), "its certificate is none of Fulcio's: it does not say who issued the token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.accepted.Verify(own.sign(t, c.by), shipped)
			require.Error(t, err)
			require.Regexp(t, c.says, err.Error())
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestAnIdentityIsTheWholeOfWhatACertificateSays(t *testing.T) {
	t.Parallel()
	by := Identity{Issuer: vendor, Subject: somebody}
	for known, is := range map[Identity]bool{
		by: true,
		{Issuer: vendor, SubjectRegExp: `https://ci\.example\.com/team/app/.*`}: true,
		{Issuer: vendor, SubjectRegExp: `team/app`}:                             false,
		{Issuer: vendor, SubjectRegExp: `a|https://.*`}:                         true,
		{IssuerRegExp: `https://.*\.example\.com`, Subject: somebody}:           true,
		{IssuerRegExp: `https://token`, Subject: somebody}:                      false,
		{Issuer: vendor, Subject: somebody + "2"}:                               false,
		{Issuer: vendor}: false, {}: false,
	} {
		require.Equal(t, is, known.is(by), known.String())
		if is {
			_, err := known.policy()
			require.NoError(t, err)
		}
	}
}
