package evidence

import (
	"context"
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	"github.com/sigstore/sigstore-go/pkg/sign"
)

// Token returns an identity token of OpenID Connect, as a CI vendor gives it to a job.
type Token func(ctx context.Context) (string, error)

// Keyless signs with a key that is never kept: for a token, Fulcio certifies for some minutes whose it is, and a log or a timestamp
// authority tells for ever that it signed within them.
type Keyless struct {
	instance *Sigstore
	token    Token

	asking  sync.Mutex
	current *certified
}

// certified is a key and its certificate, for all statements that are signed while it is valid.
type certified struct {
	key      *sign.EphemeralKeypair
	identity Identity
	der      []byte
	until    time.Time
}

// certifiedLeft is how long a certificate must be valid still for a signature to be begun: log and timestamp come after it.
const certifiedLeft = 2 * time.Minute

// NewKeyless signs by tokens at an instance of Sigstore. Nothing is asked for before the first signature.
func NewKeyless(instance *Sigstore, token Token) *Keyless {
	return &Keyless{instance: instance, token: token}
}

// Sign signs with the certified key.
func (k *Keyless) Sign(ctx context.Context, statement *Statement) (Document, error) {
	by, err := k.certificate(ctx)
	if err != nil {
		return Document{}, err
	}
	options, err := k.instance.witnesses()
	if err != nil {
		return Document{}, err
	}
	options.CertificateProvider = by
	return sealed(ctx, statement, by.key, options)
}

// Identity is who signs, as Fulcio has certified it.
func (k *Keyless) Identity(ctx context.Context) (Identity, error) {
	by, err := k.certificate(ctx)
	if err != nil {
		return Identity{}, err
	}
	return by.identity, nil
}

// String names the identity, once it is known.
func (k *Keyless) String() string {
	k.asking.Lock()
	defer k.asking.Unlock()
	if k.current == nil {
		return "the identity of this job"
	}
	return k.current.identity.String()
}

// GetCertificate implements sign.CertificateProvider.
func (c *certified) GetCertificate(context.Context, sign.Keypair, *sign.CertificateProviderOptions) ([]byte, error) {
	return c.der, nil
}

// certificate returns the one that is there while it lasts, else a new one for a new key.
func (k *Keyless) certificate(ctx context.Context) (*certified, error) {
	k.asking.Lock()
	defer k.asking.Unlock()
	if k.current != nil && time.Until(k.current.until) > certifiedLeft {
		return k.current, nil
	}
	fulcio, err := k.instance.fulcio()
	if err != nil {
		return nil, err
	}
	key, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		return nil, err
	}
	token, err := k.token(ctx)
	if err != nil {
		return nil, err
	}
	der, err := fulcio.GetCertificate(ctx, key, &sign.CertificateProviderOptions{IDToken: token})
	if err != nil {
		return nil, fmt.Errorf("a certificate for the token of this job: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("a certificate for the token of this job: %w", err)
	}
	identity, err := identityOf(leaf)
	if err != nil {
		return nil, err
	}
	k.current = &certified{key: key, identity: identity, der: der, until: leaf.NotAfter}
	return k.current, nil
}
