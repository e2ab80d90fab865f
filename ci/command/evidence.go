package command

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/pipeline"
)

// Environment variables with the password of --sign-key; the second is cosign's own.
const (
	signPassword   = "SLIPWAY_SIGN_PASSWORD"
	cosignPassword = "COSIGN_PASSWORD"
)

// vouching is who signs what the run knows of its images, and whose word counts.
func (f *flags) vouching(ctx context.Context) (out pipeline.Vouching, err error) {
	out.Without, out.Reuse, out.Repository = f.WithoutEvidence, f.ReuseEvidence, f.remote(ctx)
	if out.Accepted.Keys, err = f.acceptedKeys(ctx); err != nil {
		return out, err
	}
	switch {
	case f.app.Evidence.Unsigned && f.SignKey != "":
		return out, pipeline.Usage("--sign-key: the application's evidence is unsigned: take that out of its description, or this flag away")
	case f.app.Evidence.Unsigned:
		out.Signer, out.Accepted.Unsigned = evidence.Unsigned{}, true
		return out, nil
	case f.SignKey == "":
		return out, nil
	}
	key, err := readSignKey(f.SignKey)
	if err != nil {
		return out, pipeline.Usage("--sign-key: %w", err)
	}
	out.Signer = key
	if !out.Accepted.None() && !out.Accepted.Has(key.Public()) {
		return out, pipeline.Usage("--sign-key: %s is %s, and the application accepts %s: add its public key to evidence.keys", f.SignKey, key, out.Accepted)
	}
	return out, nil
}

func readSignKey(path string) (*evidence.Key, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
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
		if err != nil {
			return nil, pipeline.Usage("evidence.keys: %w", err)
		}
		key, err := evidence.ParsePublicKey(content)
		if err != nil {
			return nil, pipeline.Usage("evidence.keys: %s: %w", name, err)
		}
		out = append(out, key)
	}
	return out, nil
}

// remote is the URL of the repository from which the source was cloned, without credentials; empty where there is none.
func (f *flags) remote(ctx context.Context) string {
	text, err := git(ctx, f.home(), "config", "--get", "remote.origin.url")
	if err != nil {
		return ""
	}
	return withoutCredentials(text)
}

// withoutCredentials writes a remote as a URL that names nobody: https://HOST/PATH, ssh://HOST/PATH. A path on this machine is
// nobody's business.
func withoutCredentials(remote string) string {
	if at, err := url.Parse(remote); err == nil && at.Host != "" {
		at.User, at.RawQuery, at.Fragment = nil, "", ""
		return at.String()
	}
	// git's short form: [USER@]HOST:PATH
	if host, path, ok := strings.Cut(remote, ":"); ok && host != "" && !strings.ContainsAny(host, `/\`) {
		_, name, found := strings.Cut(host, "@")
		if !found {
			name = host
		}
		return "ssh://" + name + "/" + strings.TrimPrefix(path, "/")
	}
	return ""
}
