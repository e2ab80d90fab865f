package evidence

import (
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

// Key is a private key that signs. It implements sigstore-go's sign.Keypair.
type Key struct {
	private   crypto.Signer
	algorithm signature.AlgorithmDetails
	public    PublicKey
}

// GenerateKey makes a key, as `cosign generate-key-pair` does but without a password, and returns it in PEM.
func GenerateKey() (private []byte, err error) {
	private, _, err = cryptoutils.GeneratePEMEncodedECDSAKeyPair(elliptic.P256(), nil)
	return private, err
}

// ParseKey reads a private key in PEM: cosign's own format, whose password is given, or PKCS #8.
func ParseKey(content []byte, password string) (*Key, error) {
	read, err := cryptoutils.UnmarshalPEMToPrivateKey(content, cryptoutils.StaticPasswordFunc([]byte(password)))
	if err != nil {
		if strings.Contains(string(content), "ENCRYPTED") {
			return nil, errors.New("it cannot be decrypted: is the password right?")
		}
		return nil, errors.New("it is no private key: want one that `cosign generate-key-pair` makes, or PKCS #8 in PEM")
	}
	signer, ok := read.(crypto.Signer)
	if !ok {
		return nil, errors.New("it is no key that signs")
	}
	algorithm, err := signature.GetDefaultAlgorithmDetails(signer.Public())
	if err != nil {
		return nil, err
	}
	public, err := newPublicKey(signer.Public())
	return &Key{private: signer, algorithm: algorithm, public: public}, err
}

// Public is the key by which others verify what this one signs.
func (k *Key) Public() PublicKey { return k.public }

// PublicKey verifies what its private key signed.
type PublicKey struct {
	key  crypto.PublicKey
	hint string // by which a bundle names it
	PEM  string
}

// ParsePublicKey reads a public key in PEM.
func ParsePublicKey(content []byte) (PublicKey, error) {
	read, err := cryptoutils.UnmarshalPEMToPublicKey(content)
	if err != nil {
		return PublicKey{}, errors.New("it is no public key in PEM")
	}
	return newPublicKey(read)
}

func newPublicKey(key crypto.PublicKey) (PublicKey, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return PublicKey{key: key, hint: base64.StdEncoding.EncodeToString(sum[:]), PEM: string(cryptoutils.PEMEncode(cryptoutils.PublicKeyPEMType, der))}, nil
}

// String names the key shortly.
func (p PublicKey) String() string { return nameOf(p.hint) }

func nameOf(hint string) string {
	sum, err := base64.StdEncoding.DecodeString(hint)
	if err != nil || len(sum) < 4 {
		return "an unnamed key"
	}
	return fmt.Sprintf("key %x", sum[:4])
}

// GetHashAlgorithm implements sign.Keypair, as do all that follow.
func (k *Key) GetHashAlgorithm() common.HashAlgorithm { return k.algorithm.GetProtoHashType() }

// GetSigningAlgorithm implements sign.Keypair.
func (k *Key) GetSigningAlgorithm() common.PublicKeyDetails {
	return k.algorithm.GetSignatureAlgorithm()
}

// GetHint implements sign.Keypair.
func (k *Key) GetHint() []byte { return []byte(k.public.hint) }

// GetKeyAlgorithm implements sign.Keypair; only Fulcio asks for it, which certifies no such key.
func (k *Key) GetKeyAlgorithm() string { return "" }

// GetPublicKey implements sign.Keypair.
func (k *Key) GetPublicKey() crypto.PublicKey { return k.private.Public() }

// GetPublicKeyPem implements sign.Keypair.
func (k *Key) GetPublicKeyPem() (string, error) { return k.public.PEM, nil }

// SignData implements sign.Keypair.
func (k *Key) SignData(_ context.Context, data []byte) (signed, digest []byte, err error) {
	hash := k.algorithm.GetHashType()
	if hash != crypto.Hash(0) {
		hashed := hash.New()
		hashed.Write(data)
		data = hashed.Sum(nil)
	}
	signed, err = k.private.Sign(rand.Reader, data, hash)
	return signed, data, err
}
