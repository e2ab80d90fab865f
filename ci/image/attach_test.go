package image_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/image"
)

const documentType = "application/vnd.example.note+json"

func note(about, text string) *image.Attachment {
	return &image.Attachment{Type: documentType, Annotations: map[string]string{"about": about}, Content: []byte(text)}
}

// registries are one that has the referrers API and one that has not.
func registries(t *testing.T) map[string]image.Repository {
	t.Helper()
	out := map[string]image.Repository{}
	for name, api := range map[string]bool{"with the referrers API": true, "without it": false} {
		server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(api)))
		t.Cleanup(server.Close)
		out[name] = parse(t, strings.TrimPrefix(server.URL, "http://")+"/team/app")
	}
	return out
}

func TestWhatIsAttachedToADigestIsFoundByItsType(t *testing.T) {
	t.Parallel()
	for name, repo := range registries(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := &image.Registry{}
			digest, other := push(t, repo, "1.0"), push(t, repo, "2.0")
			none, err := client.Attachments(t.Context(), repo, digest, documentType)
			require.NoError(t, err)
			require.Empty(t, none)
			require.NoError(t, client.Attach(t.Context(), repo, digest, note("a", "one"), note("b", "two")))
			require.NoError(t, client.Attach(t.Context(), repo, other, note("a", "three")))
			all, err := client.Attachments(t.Context(), repo, digest, documentType)
			require.NoError(t, err)
			require.Len(t, all, 2)
			foreign, err := client.Attachments(t.Context(), repo, digest, "application/json")
			require.NoError(t, err)
			require.Empty(t, foreign)
			got, err := client.Digest(t.Context(), repo, "1.0")
			require.NoError(t, err)
			require.Equal(t, digest, got)
		})
	}
}

func TestAttachingTheSameTwiceLeavesItOnce(t *testing.T) {
	t.Parallel()
	for name, repo := range registries(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := &image.Registry{}
			digest := push(t, repo, "1.0")
			for range 2 {
				require.NoError(t, client.Attach(t.Context(), repo, digest, note("a", "one")))
			}
			found, err := client.Attachments(t.Context(), repo, digest, documentType)
			require.NoError(t, err)
			require.Len(t, found, 1)
		})
	}
}

func TestWhatAnotherRunsListHasLostIsListedAgain(t *testing.T) {
	t.Parallel()
	var lose atomic.Bool
	repo := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if lists := r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/sha256-"); lists && lose.CompareAndSwap(true, false) {
			w.WriteHeader(http.StatusCreated) // and another run's list is there
			return false
		}
		return true
	})
	client := &image.Registry{}
	digest := push(t, repo, "1.0")
	require.NoError(t, client.Attach(t.Context(), repo, digest, note("a", "one")))
	lose.Store(true)
	require.NoError(t, client.Attach(t.Context(), repo, digest, note("b", "two")))
	require.False(t, lose.Load())
	found, err := client.Attachments(t.Context(), repo, digest, documentType)
	require.NoError(t, err)
	require.Len(t, found, 2)
}

func TestNothingIsAttachedToADigestThatTheRegistryDoesNotHave(t *testing.T) {
	t.Parallel()
	for name, repo := range registries(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			push(t, repo, "1.0")
			require.ErrorIs(t, (&image.Registry{}).Attach(t.Context(), repo, absent, note("a", "one")), image.ErrNotFound)
		})
	}
}
