package evidence

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
)

// Accepted are the signers whose statements count.
type Accepted struct {
	Keys       []PublicKey
	Identities []Identity
	Sigstore   *Sigstore // by which certificates of the identities are known
	Unsigned   bool      // a statement that nobody signed counts, too
}

// String lists them.
func (a Accepted) String() string {
	var out []string
	for _, key := range a.Keys {
		out = append(out, key.String())
	}
	for _, identity := range a.Identities {
		out = append(out, identity.String())
	}
	if a.Unsigned {
		out = append(out, "nobody")
	}
	return strings.Join(out, ", ")
}

// By accepts one signer alone. A keyless one is asked who it is, by its certificate.
func By(ctx context.Context, signer Signer) (Accepted, error) {
	switch by := signer.(type) {
	case *Key:
		return Accepted{Keys: []PublicKey{by.public}}, nil
	case *Keyless:
		identity, err := by.Identity(ctx)
		return Accepted{Identities: []Identity{identity}, Sigstore: by.instance}, err
	}
	return Accepted{Unsigned: true}, nil
}

// Key is the one accepted key in PEM; empty where there are several signers, or no key.
func (a Accepted) Key() string {
	if len(a.Keys) != 1 || len(a.Identities) > 0 {
		return ""
	}
	return a.Keys[0].PEM
}

// Identity is the one accepted identity; that of nobody where there are several signers, or none but keys.
func (a Accepted) Identity() Identity {
	if len(a.Identities) != 1 || len(a.Keys) > 0 || !a.Identities[0].Exact() {
		return Identity{}
	}
	return a.Identities[0]
}

// Takes reports whether an identity is accepted.
func (a Accepted) Takes(identity Identity) bool {
	return slices.ContainsFunc(a.Identities, func(known Identity) bool { return known.is(identity) })
}

// Has reports whether a key is accepted.
func (a Accepted) Has(key PublicKey) bool {
	return slices.ContainsFunc(a.Keys, func(other PublicKey) bool { return other.hint == key.hint })
}

// None reports whether nobody is accepted.
func (a Accepted) None() bool { return len(a.Keys)+len(a.Identities) == 0 && !a.Unsigned }

// Verified is a statement whose signer is known.
type Verified struct {
	*Statement
	Signer   string
	Document string // digest of what holds it in the registry, where it comes from there
}

// ErrSigner is in the error of a statement that somebody else signed.
var ErrSigner = errors.New("the signer is not accepted")

// foreign is such an error.
type foreign string

// Error says who signed, and who is accepted.
func (f foreign) Error() string { return string(f) }

// Is makes it an ErrSigner.
func (foreign) Is(target error) bool { return target == ErrSigner }

var errAnother = errors.New("it is about another digest")

// changedSince is the error of a statement that its signature no longer fits.
func changedSince(by fmt.Stringer) error {
	return fmt.Errorf("it is not what %s signed: it was changed since", by)
}

// Verify returns the statement of a document that is about the digest and that one of the accepted signed. The error
// says, without its subject, why it is none.
func (a Accepted) Verify(document Document, digest string) (Verified, error) {
	if document.Odd != nil {
		return Verified{}, document.Odd
	}
	if document.Type == payload {
		statement, err := parseStatement(document.Content)
		if err != nil {
			return Verified{}, err
		}
		return a.unsigned(statement, digest)
	}
	read := &bundle.Bundle{}
	if err := read.UnmarshalJSON(document.Content); err != nil {
		return Verified{}, fmt.Errorf("it is no bundle of Sigstore: %w", err)
	}
	statement, err := enclosed(read)
	if err != nil {
		return Verified{}, err
	}
	leaf, err := leafOf(read)
	switch {
	case err != nil:
		return Verified{}, err
	case leaf != nil && a.Unsigned && len(a.Identities) == 0: // with nobody to compare with, it says as much as one without a signature
		return a.unsigned(statement, digest)
	case leaf != nil:
		by, err := a.byCertificate(read, leaf, statement, digest)
		if err != nil {
			return Verified{}, err
		}
		return Verified{Statement: statement, Signer: by.String()}, nil
	}
	key, err := a.keyOf(read)
	switch {
	case err != nil && a.Unsigned: // whose signature nobody can verify says as much as one without
		return a.unsigned(statement, digest)
	case err != nil:
		return Verified{}, err
	}
	if err := key.verify(read, digest); err != nil {
		if !statement.is(digest) {
			return Verified{}, errAnother
		}
		return Verified{}, changedSince(key)
	}
	return Verified{Statement: statement, Signer: key.String()}, nil
}

// leafOf is the certificate in a bundle, nil where a key signed it.
func leafOf(in *bundle.Bundle) (*x509.Certificate, error) {
	content, err := in.VerificationContent()
	if err != nil {
		return nil, fmt.Errorf("it is no bundle of Sigstore: %w", err)
	}
	return content.Certificate(), nil
}

func (a Accepted) unsigned(statement *Statement, digest string) (Verified, error) {
	switch {
	case !a.Unsigned:
		return Verified{}, errors.New("it is not signed")
	case !statement.is(digest):
		return Verified{}, errAnother
	}
	return Verified{Statement: statement, Signer: Unsigned{}.String()}, nil
}

// enclosed is the statement in a bundle, whose signature is not looked at.
func enclosed(in *bundle.Bundle) (*Statement, error) {
	envelope := in.GetDsseEnvelope()
	if envelope == nil || envelope.GetPayloadType() != payload {
		return nil, errors.New("it is a signature without a statement")
	}
	return parseStatement(envelope.GetPayload())
}

// keyOf is the accepted key that a bundle names.
func (a Accepted) keyOf(in *bundle.Bundle) (PublicKey, error) {
	hint := in.GetVerificationMaterial().GetPublicKey().GetHint()
	if hint == "" {
		return PublicKey{}, errors.New("it names no key")
	}
	i := slices.IndexFunc(a.Keys, func(key PublicKey) bool { return key.hint == hint })
	if i < 0 {
		return PublicKey{}, foreign(fmt.Sprintf("it was signed by %s, and accepted is %s", nameOf(hint), a))
	}
	return a.Keys[i], nil
}

// verify has Sigstore's own code check the signature, and that the statement is about the digest.
func (p PublicKey) verify(in *bundle.Bundle, digest string) error {
	loaded, err := signature.LoadDefaultVerifier(p.key)
	if err != nil {
		return err
	}
	trusted := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(loaded, time.Time{}, time.Time{}), nil
	})
	verifier, err := verify.NewVerifier(trusted, verify.WithNoObserverTimestamps())
	if err != nil {
		return err
	}
	artifact, err := artifactOf(digest)
	if err != nil {
		return err
	}
	_, err = verifier.Verify(in, verify.NewPolicy(artifact, verify.WithKey()))
	return err
}

// artifactOf asks that a statement is about the digest.
func artifactOf(digest string) (verify.ArtifactPolicyOption, error) {
	algorithm, text, _ := strings.Cut(digest, ":")
	sum, err := hex.DecodeString(text)
	return verify.WithArtifactDigest(algorithm, sum), err
}
