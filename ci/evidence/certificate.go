package evidence

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

// byCertificate returns who signed a bundle with a certificate, if it is one of the accepted and all that was signed holds.
func (a Accepted) byCertificate(in *bundle.Bundle, leaf *x509.Certificate, statement *Statement, digest string) (Identity, error) {
	by, err := identityOf(leaf)
	if err != nil {
		return by, err
	}
	if !a.Takes(by) {
		return by, a.notAccepted(by)
	}
	trusted, err := a.Sigstore.trusted()
	if err != nil {
		return by, err
	}
	policy, err := a.policy(digest)
	if err != nil {
		return by, err
	}
	verifier, err := verifierOf(trusted)
	if err != nil {
		return by, err
	}
	if _, err := verifier.Verify(in, policy); err != nil {
		return by, whyNot(in, leaf, by, statement, digest, trusted, verifier, err)
	}
	return by, nil
}

// notAccepted tells whether it is somebody else, or somebody of that name by another's word.
func (a Accepted) notAccepted(by Identity) error {
	if i := slices.IndexFunc(a.Identities, func(known Identity) bool { return known.hasSubject(by) }); i >= 0 {
		return foreign(fmt.Sprintf("it was signed by %s, whose issuer is %s, and accepted is %s", by.Subject, by.Issuer, a))
	}
	return foreign(fmt.Sprintf("it was signed by %s, and accepted is %s", by, a))
}

// policy is about the digest, by one of the identities.
func (a Accepted) policy(digest string) (verify.PolicyBuilder, error) {
	artifact, err := artifactOf(digest)
	if err != nil {
		return verify.PolicyBuilder{}, err
	}
	var options []verify.PolicyOption
	for _, identity := range a.Identities {
		known, err := identity.policy()
		if err != nil {
			return verify.PolicyBuilder{}, err
		}
		options = append(options, verify.WithCertificateIdentity(known))
	}
	return verify.NewPolicy(artifact, options...), nil
}

// verifierOf asks for what the trusted root has the keys of: a transparency log's entry, a certificate transparency log's timestamp.
// Somebody trusted must say when it was signed: a certificate is valid for minutes.
func verifierOf(trusted root.TrustedMaterial) (*verify.Verifier, error) {
	if len(trusted.RekorLogs())+len(trusted.TimestampingAuthorities()) == 0 {
		return nil, errors.New("the trusted root has neither a log nor a timestamp authority, and a certificate is valid for minutes")
	}
	options := []verify.VerifierOption{verify.WithObserverTimestamps(1)}
	if len(trusted.RekorLogs()) > 0 {
		options = append(options, verify.WithTransparencyLog(1))
	}
	if len(trusted.CTLogs()) > 0 {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	return verify.NewVerifier(trusted, options...)
}

// whyNot names the first of the reasons for which a bundle does not count, in the order in which people would look: Sigstore's own
// code finds in the log first what was changed in the statement.
func whyNot(in *bundle.Bundle, leaf *x509.Certificate, by Identity, statement *Statement, digest string, trusted root.TrustedMaterial, verifier *verify.Verifier, err error) error {
	if !statement.is(digest) {
		return errAnother
	}
	if !signed(in, leaf) {
		return changedSince(by)
	}
	if len(trusted.RekorLogs()) > 0 && len(in.GetVerificationMaterial().GetTlogEntries()) == 0 {
		return fmt.Errorf("it was signed by %s, and is in no transparency log", by)
	}
	logged, failed := verifier.VerifyTransparencyLogInclusion(in)
	if failed != nil {
		return fmt.Errorf("it was signed by %s, and its entry in the transparency log does not count: %w", by, failed)
	}
	times, failed := verifier.VerifyObserverTimestamps(in, logged)
	if failed != nil {
		return fmt.Errorf("it was signed by %s, and neither log nor timestamp authority of the trusted root says when", by)
	}
	for _, at := range times {
		if _, failed := verify.VerifyLeafCertificate(at.Timestamp, leaf, trusted); failed == nil {
			continue
		}
		if at.Timestamp.Before(leaf.NotBefore) || at.Timestamp.After(leaf.NotAfter) {
			return fmt.Errorf("it was signed at %s, and the certificate of %s was valid until %s", at.Timestamp.UTC().Format(timeFormat), by, leaf.NotAfter.UTC().Format(timeFormat))
		}
		return fmt.Errorf("its certificate of %s is by no authority that the trusted root had at %s", by, at.Timestamp.UTC().Format(timeFormat))
	}
	return fmt.Errorf("it was signed by %s, and does not count: %s", by, strings.ReplaceAll(err.Error(), "\n", "; "))
}

const timeFormat = "2006-01-02 15:04:05Z"

// signed reports whether the certificate's key signed the statement as it is.
func signed(in *bundle.Bundle, leaf *x509.Certificate) bool {
	verifier, err := signature.LoadDefaultVerifier(leaf.PublicKey)
	if err != nil {
		return false
	}
	envelope := in.GetDsseEnvelope()
	text := (&sign.DSSEData{Data: envelope.GetPayload(), PayloadType: envelope.GetPayloadType()}).PreAuthEncoding()
	for _, by := range envelope.GetSignatures() {
		if verifier.VerifySignature(bytes.NewReader(by.GetSig()), bytes.NewReader(text)) == nil {
			return true
		}
	}
	return false
}
