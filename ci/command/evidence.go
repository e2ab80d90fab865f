package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/git"
	"github.com/slipway-cd/slipway/ci/signing"
)

// Environment variables with the password of --sign-key; the second is cosign's own.
const (
	signPassword   = "SLIPWAY_SIGN_PASSWORD"
	cosignPassword = "COSIGN_PASSWORD"
)

// vouching is who signs what the run knows of its images, and whose word counts.
func (f *flags) vouching(ctx context.Context) (out signing.Vouching, err error) {
	out.Without, out.Reuse, out.Repository = f.WithoutEvidence, f.ReuseEvidence, git.Remote(ctx, f.home())
	if out.Accepted, err = f.accepted(ctx); err != nil {
		return out, err
	}
	out.Sigstore = out.Accepted.Sigstore
	switch {
	case f.app.Evidence.Unsigned && (f.SignKey != "" || f.Keyless):
		return out, exit.Usagef("--sign-key and --keyless: the application's evidence is unsigned: take that out of its description, or the flag away")
	case f.Keyless && f.SignKey != "":
		return out, exit.Usagef("--keyless: give this or --sign-key, not both")
	case f.app.Evidence.Unsigned:
		out.By, out.Accepted.Unsigned = evidence.Unsigned{}, true
		return out, nil
	case f.Keyless:
		token, missing := f.job().Token(os.Getenv)
		out.By, out.NoToken = evidence.NewKeyless(out.Sigstore, token), missing
		return out, nil
	case f.SignKey == "":
		return out, nil
	}
	key, err := readSignKey(f.SignKey)
	if err != nil {
		return out, exit.Usagef("--sign-key: %w", err)
	}
	out.By = key
	if !out.Accepted.None() && !out.Accepted.Has(key.Public()) {
		return out, exit.Usagef("--sign-key: %s is %s, and the application accepts %s: add its public key to evidence.keys", f.SignKey, key, out.Accepted)
	}
	return out, nil
}

func readSignKey(path string) (*evidence.Key, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: want a private key, as `cosign generate-key-pair` makes it", err)
	}
	password, ok := os.LookupEnv(signPassword)
	if !ok {
		password = os.Getenv(cosignPassword)
	}
	key, err := evidence.ParseKey(content, password)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (its password is read from %s or %s)", path, err, signPassword, cosignPassword)
	}
	return key, nil
}

// acceptedKeys are the public keys that the application's description names.
func (f *flags) acceptedKeys(ctx context.Context) (out []evidence.PublicKey, err error) {
	tree, err := f.tree(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range f.app.Evidence.Keys {
		content, err := fs.ReadFile(tree, name)
		switch {
		case errors.Is(err, fs.ErrInvalid):
			return nil, exit.Usagef("evidence.keys: %s: want a file of the repository", name)
		case err != nil:
			return nil, exit.Usagef("evidence.keys: %s: no such file of the repository can be read; `cosign generate-key-pair` makes one", name)
		}
		key, err := evidence.ParsePublicKey(content)
		if err != nil {
			return nil, exit.Usagef("evidence.keys: %s: %w", name, err)
		}
		out = append(out, key)
	}
	return out, nil
}

// accepted are the signers that the application's description names, and the instance of Sigstore by which identities are known.
func (f *flags) accepted(ctx context.Context) (out evidence.Accepted, err error) {
	if out.Keys, err = f.acceptedKeys(ctx); err != nil {
		return out, err
	}
	for _, known := range f.app.Evidence.Identities {
		out.Identities = append(out.Identities, evidence.Identity{Issuer: known.Issuer, IssuerRegExp: known.IssuerRegExp, Subject: known.Subject, SubjectRegExp: known.SubjectRegExp})
	}
	out.Sigstore, err = f.sigstore(ctx)
	return out, err
}

// sigstore is the instance that the application's description names, else the public one, which nobody asks before it is needed.
func (f *flags) sigstore(ctx context.Context) (*evidence.Sigstore, error) {
	at := f.app.Evidence.Sigstore
	if at == (description.Sigstore{}) {
		return evidence.PublicSigstore(), nil
	}
	tree, err := f.tree(ctx)
	if err != nil {
		return nil, err
	}
	signingConfig, err := fs.ReadFile(tree, at.SigningConfig)
	if err != nil {
		return nil, exit.Usagef("evidence.sigstore: %w", err)
	}
	trustedRoot, err := fs.ReadFile(tree, at.TrustedRoot)
	if err != nil {
		return nil, exit.Usagef("evidence.sigstore: %w", err)
	}
	instance, err := evidence.NewSigstore(signingConfig, trustedRoot)
	if err != nil {
		return nil, exit.Usagef("evidence.sigstore: %w", err)
	}
	return instance, nil
}
