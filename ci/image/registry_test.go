package image_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/image"
)

// serve starts a registry whose requests first pass before, and returns a repository in it.
func serve(t *testing.T, before func(http.ResponseWriter, *http.Request) bool) image.Repository {
	t.Helper()
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before == nil || before(w, r) {
			handler.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return parse(t, strings.TrimPrefix(server.URL, "http://")+"/team/app")
}

func parse(t *testing.T, ref string) image.Repository {
	t.Helper()
	repo, err := image.ParseRepository(ref)
	require.NoError(t, err)
	return repo
}

// push writes an image of random bytes and returns its digest.
func push(t *testing.T, repo image.Repository, tag string) string {
	t.Helper()
	ref, err := name.NewTag(repo.String() + ":" + tag)
	require.NoError(t, err)
	content, err := random.Image(64, 2)
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, content))
	return digestOf(t, content)
}

func digestOf(t *testing.T, content interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	digest, err := content.Digest()
	require.NoError(t, err)
	return digest.String()
}

const absent = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestTagGivesTheDigestEveryTagAndMovesNoLayer(t *testing.T) {
	t.Parallel()
	var layers atomic.Int32
	repo := serve(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/blobs/") {
			layers.Add(1)
		}
		return true
	})
	digest := push(t, repo, "1.0-beta")
	push(t, repo, "latest")
	layers.Store(0)
	client := &image.Registry{}
	require.NoError(t, client.Tag(t.Context(), repo, digest, "1.0", "latest"))
	for _, tag := range []string{"1.0-beta", "1.0", "latest"} {
		got, err := client.Digest(t.Context(), repo, tag)
		require.NoError(t, err)
		require.Equal(t, digest, got)
	}
	require.Zero(t, layers.Load())
}

func TestTagTakesAnIndexOfManyPlatforms(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	index, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	ref, err := name.NewTag(repo.String() + ":1.0-beta")
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(ref, index))
	require.NoError(t, (&image.Registry{}).Tag(t.Context(), repo, digestOf(t, index), "1.0"))
}

func TestTagOfAnAbsentDigestChangesNoTag(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	former := push(t, repo, "latest")
	client := &image.Registry{}
	err := client.Tag(t.Context(), repo, absent, "1.0", "latest")
	require.ErrorIs(t, err, image.ErrNotFound)
	require.EqualError(t, err, repo.String()+"@"+absent+": not found")
	got, err := client.Digest(t.Context(), repo, "latest")
	require.NoError(t, err)
	require.Equal(t, former, got)
}

func TestTagRefusesWhatIsNoDigestOrNoTag(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	digest := push(t, repo, "latest")
	require.ErrorContains(t, (&image.Registry{}).Tag(t.Context(), repo, "latest", "1.0"), `digest "latest": want sha256:`)
	require.ErrorContains(t, (&image.Registry{}).Tag(t.Context(), repo, digest, "1 0"), "is not a valid image tag")
}

func TestTagFailsWhenTheRegistryKeepsAnotherDigest(t *testing.T) {
	t.Parallel()
	repo := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		swallowed := r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/latest") && strings.Contains(r.UserAgent(), "slipway")
		if swallowed {
			w.WriteHeader(http.StatusCreated)
		}
		return !swallowed
	})
	former, digest := push(t, repo, "latest"), push(t, repo, "1.0-beta")
	err := (&image.Registry{}).Tag(t.Context(), repo, digest, "1.0", "latest")
	require.EqualError(t, err, repo.String()+":latest: points to "+former+", want "+digest)
}

func TestAnAbsentTagIsNotFound(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	_, err := (&image.Registry{}).Digest(t.Context(), repo, "1.0")
	require.ErrorIs(t, err, image.ErrNotFound)
}

func TestAClosedPortIsUnreachable(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	repo := parse(t, listener.Addr().String()+"/app")
	err = (&image.Registry{}).Ping(t.Context(), repo)
	require.ErrorIs(t, err, image.ErrUnreachable)
	require.ErrorContains(t, err, listener.Addr().String()+": registry unreachable: ")
	require.NotContains(t, err.Error(), "\n")
	_, err = (&image.Registry{}).Digest(t.Context(), repo, "1.0")
	require.ErrorIs(t, err, image.ErrUnreachable)
}

func TestDialLeadsToANameThatDoesNotResolve(t *testing.T) {
	t.Parallel()
	served := serve(t, nil)
	digest := push(t, served, "1.0-beta")
	client := &image.Registry{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		require.Equal(t, "registry.slipway.local:5000", address)
		return (&net.Dialer{}).DialContext(ctx, network, served.Host())
	}}
	repo := parse(t, "registry.slipway.local:5000/team/app")
	require.NoError(t, client.Ping(t.Context(), repo))
	require.NoError(t, client.Tag(t.Context(), repo, digest, "1.0"))
}

func TestRequestsNameSlipwayAsTheirAgent(t *testing.T) {
	t.Parallel()
	var others atomic.Int32
	repo := serve(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.UserAgent(), "slipway") {
			others.Add(1)
		}
		return true
	})
	client := &image.Registry{}
	require.NoError(t, client.Ping(t.Context(), repo))
	_, err := client.Digest(t.Context(), repo, "1.0")
	require.ErrorIs(t, err, image.ErrNotFound)
	require.Zero(t, others.Load())
}

func TestACancelledCallSaysSoAndTheNextOneWorks(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	digest := push(t, repo, "1.0-beta")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client := &image.Registry{}
	require.ErrorIs(t, client.Tag(ctx, repo, digest, "1.0"), context.Canceled)
	require.NoError(t, client.Tag(t.Context(), repo, digest, "1.0"))
}
