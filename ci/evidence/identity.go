package evidence

import (
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// Identity is who signs without a key of its own: the subject in the certificate, its alternative name, and the issuer of the token for
// which Fulcio made it. Of each there is a value, or an expression that matches the whole of it.
type Identity struct {
	Issuer, IssuerRegExp   string
	Subject, SubjectRegExp string
}

// String names the subject, and the issuer by whose word it is that.
func (i Identity) String() string {
	return either(i.Subject, i.SubjectRegExp) + " (" + either(i.Issuer, i.IssuerRegExp) + ")"
}

func either(value, expression string) string {
	if value == "" {
		return "/" + expression + "/"
	}
	return value
}

// Exact reports whether it is one identity, and none that an expression stands for.
func (i Identity) Exact() bool { return i.Issuer != "" && i.Subject != "" }

// whole has an expression match the whole value: one that matches a part would let in whoever can choose the rest.
func whole(expression string) string {
	if expression == "" {
		return ""
	}
	return `\A(?:` + expression + `)\z`
}

func (i Identity) policy() (verify.CertificateIdentity, error) {
	return verify.NewShortCertificateIdentity(i.Issuer, whole(i.IssuerRegExp), i.Subject, whole(i.SubjectRegExp))
}

// is reports whether the identity of a certificate is this one.
func (i Identity) is(other Identity) bool { return i.hasSubject(other) && i.hasIssuer(other) }

func (i Identity) hasSubject(other Identity) bool {
	return matches(i.Subject, i.SubjectRegExp, other.Subject)
}

func (i Identity) hasIssuer(other Identity) bool {
	return matches(i.Issuer, i.IssuerRegExp, other.Issuer)
}

func matches(value, expression, found string) bool {
	if value != "" {
		return value == found
	}
	compiled, err := regexp.Compile(whole(expression))
	return err == nil && expression != "" && compiled.MatchString(found)
}

// identityOf reads who a certificate says has signed. Whether it is to be believed is another question.
func identityOf(leaf *x509.Certificate) (Identity, error) {
	read, err := certificate.SummarizeCertificate(leaf)
	if err != nil {
		return Identity{}, fmt.Errorf("its certificate names nobody: %w", err)
	}
	if read.Issuer == "" {
		return Identity{}, errors.New("its certificate is none of Fulcio's: it does not say who issued the token")
	}
	return Identity{Issuer: read.Issuer, Subject: read.SubjectAlternativeName}, nil
}
