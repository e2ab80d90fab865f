package image

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// What can be wrong with a registry, told apart with errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrDenied      = errors.New("access denied")
	ErrUnreachable = errors.New("registry unreachable")
)

const userAgent = "slipway"

// Login is a user's name and password, or token.
type Login struct{ User, Password string }

// Resolve makes it a keychain of go-containerregistry.
func (l *Login) Resolve(authn.Resource) (authn.Authenticator, error) {
	return &authn.Basic{Username: l.User, Password: l.Password}, nil
}

// Registry is a client of any registry, with the credentials of `docker login`. Hosts that end in .localhost or
// .slipway.local, loopback and private addresses are spoken to in plain http. The zero value is ready; it may be used concurrently.
type Registry struct {
	// Dial connects to the registry, where the ordinary way (nil) does not lead there. Proxies are then left aside.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Login is used for every registry, instead of the credentials of `docker login`.
	Login *Login

	once   sync.Once
	client http.RoundTripper
	puller *remote.Puller
	pusher *remote.Pusher
	err    error
}

// connect makes the clients once, since they keep connections and tokens.
func (r *Registry) connect() error {
	r.once.Do(func() {
		direct := remote.DefaultTransport.(*http.Transport).Clone()
		if r.Dial != nil {
			direct.DialContext = r.Dial
			direct.Proxy = nil
		}
		r.client = transport.NewUserAgent(direct, userAgent)
		options := []remote.Option{remote.WithTransport(direct), remote.WithAuthFromKeychain(r.keychain()), remote.WithUserAgent(userAgent)}
		if r.puller, r.err = remote.NewPuller(options...); r.err != nil {
			return
		}
		r.pusher, r.err = remote.NewPusher(options...)
	})
	return r.err
}

func (r *Registry) keychain() authn.Keychain {
	if r.Login != nil {
		return r.Login
	}
	return authn.DefaultKeychain
}

// Ping tells whether the registry of repo answers and takes the credentials for a push: ErrUnreachable and ErrDenied if not.
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
	// A password that is not exchanged for a token has not been seen by the registry yet.
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

// Digest returns the digest (sha256:...) that tag has in repo, ErrNotFound if it has none.
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

// Tag gives digest the tags, in their order: its manifest, or index of many platforms, is put again under each name on the
// registry itself; no layer moves. It returns when the registry has answered that every tag has that very digest.
// ErrNotFound tells that the digest is not in repo; no tag is then changed.
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
			return fmt.Errorf("%s:%s: has digest %s, want %s", repo, tag, got, digest)
		}
	}
	return nil
}

// Move does as Tag for tags that others move too, such as latest: it returns when the registry has taken them. What they
// name a moment later may be another's.
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
		if err := r.pusher.Put(ctx, repo.name.Tag(tag), manifest); err != nil {
			return explain(ctx, repo.String()+":"+tag, err)
		}
	}
	return nil
}
