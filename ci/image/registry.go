package image

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// The errors of a registry, for errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrDenied      = errors.New("access denied")
	ErrUnreachable = errors.New("registry unreachable")
)

const userAgent = "slipway"

// Login is a user name with a password or token.
type Login struct{ User, Password string }

// Resolve implements go-containerregistry's authn.Keychain.
func (l *Login) Resolve(authn.Resource) (authn.Authenticator, error) {
	return &authn.Basic{Username: l.User, Password: l.Password}, nil
}

// Registry is a client for any registry, with the credentials of `docker login`. It talks plain http to hosts that end in
// .localhost or .slipway.local and to loopback and private addresses. The zero value is ready; it may be used concurrently.
type Registry struct {
	// Dial connects to a registry that cannot be reached the ordinary way (nil). With it, proxies are ignored.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Login is used for every registry, instead of the credentials of `docker login`.
	Login *Login

	once    sync.Once
	client  http.RoundTripper
	options []remote.Option
	puller  *remote.Puller
	pusher  *remote.Pusher
	err     error
}

// connect makes the clients once, since they reuse connections and tokens.
func (r *Registry) connect() error {
	r.once.Do(func() {
		direct := remote.DefaultTransport.(*http.Transport).Clone()
		if r.Dial != nil {
			direct.DialContext = r.Dial
			direct.Proxy = nil
		}
		r.client = transport.NewUserAgent(direct, userAgent)
		r.options = slices.Clip([]remote.Option{remote.WithTransport(direct), remote.WithAuthFromKeychain(r.keychain()), remote.WithUserAgent(userAgent)})
		if r.puller, r.err = remote.NewPuller(r.options...); r.err != nil {
			return
		}
		r.pusher, r.err = remote.NewPusher(r.options...)
	})
	return r.err
}

func (r *Registry) keychain() authn.Keychain {
	if r.Login != nil {
		return r.Login
	}
	return authn.DefaultKeychain
}

// Ping checks that the registry of repo answers and that the credentials may push: otherwise it returns ErrUnreachable or
// ErrDenied.
func (r *Registry) Ping(ctx context.Context, repo Repository) error {
	if err := r.ping(ctx, repo); err != nil {
		return explain(ctx, repo.Host(), err)
	}
	return nil
}

func (r *Registry) ping(ctx context.Context, repo Repository) error {
	if err := r.connect(); err != nil {
		return err
	}
	credentials, err := authn.Resolve(ctx, r.keychain(), repo.name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	authorized, err := transport.NewWithContext(ctx, repo.name.Registry, credentials, r.client, []string{repo.name.Scope(transport.PushScope)})
	if err != nil {
		return err
	}
	// With basic authentication, the registry has not seen the password yet.
	url := fmt.Sprintf("%s://%s/v2/", repo.name.Scheme(), repo.Host())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: authorized}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return transport.CheckError(response, http.StatusOK)
}

// Digest returns the digest (sha256:...) that tag points to in repo, or ErrNotFound.
func (r *Registry) Digest(ctx context.Context, repo Repository, tag string) (string, error) {
	if err := CheckTag(tag); err != nil {
		return "", err
	}
	if err := r.connect(); err != nil {
		return "", explain(ctx, repo.Host(), err)
	}
	descriptor, err := r.puller.Head(ctx, repo.name.Tag(tag))
	if err != nil {
		return "", explain(ctx, repo.String()+":"+tag, err)
	}
	return descriptor.Digest.String(), nil
}

// Tag points the tags at digest, in their order: it puts the manifest, or multi-platform index, again under each tag; no layer
// is transferred. It returns when the registry confirms that every tag points at digest. If repo does not have the digest, the
// error is ErrNotFound and no tag is changed; if the registry does not move a tag that points elsewhere, it is ErrImmutable.
func (r *Registry) Tag(ctx context.Context, repo Repository, digest string, tags ...string) error {
	if err := r.Move(ctx, repo, digest, tags...); err != nil {
		return err
	}
	for _, tag := range tags {
		got, err := r.Digest(ctx, repo, tag)
		if err != nil {
			return err
		}
		if got != digest {
			return fmt.Errorf("%s:%s: points to %s, want %s", repo, tag, got, digest)
		}
	}
	return nil
}

// Move is Tag for tags that other runs move too, such as latest: it does not check afterwards where they point, since another
// run may have moved them.
func (r *Registry) Move(ctx context.Context, repo Repository, digest string, tags ...string) error {
	for _, tag := range tags {
		if err := CheckTag(tag); err != nil {
			return err
		}
	}
	if err := r.connect(); err != nil {
		return explain(ctx, repo.Host(), err)
	}
	if _, err := v1.NewHash(digest); err != nil {
		return fmt.Errorf("%s: digest %q: want sha256: and 64 hexadecimal digits", repo, digest)
	}
	manifest, err := r.puller.Get(ctx, repo.name.Digest(digest))
	if err != nil {
		return explain(ctx, repo.String()+"@"+digest, err)
	}
	for _, tag := range tags {
		if err := r.explainPut(ctx, repo.name.Tag(tag), digest, r.pusher.Put(ctx, repo.name.Tag(tag), manifest)); err != nil {
			return err
		}
	}
	return nil
}
