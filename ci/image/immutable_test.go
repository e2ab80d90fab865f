package image_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/image"
)

// immutable is a registry that answers each push to a tag that is there as refuse does, even of what is under it.
func immutable(t *testing.T, refuse func(http.ResponseWriter)) image.Repository {
	t.Helper()
	tagged := map[string]bool{}
	return serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/manifests/") || strings.Contains(r.URL.Path, "/sha256:") {
			return true
		}
		if tagged[r.URL.Path] {
			refuse(w)
			return false
		}
		tagged[r.URL.Path] = true
		return true
	})
}

func TestATagThatTheRegistryDoesNotMoveIsToldInOneLine(t *testing.T) {
	t.Parallel()
	const says = "The image tag already exists and cannot be overwritten because the repository is immutable."
	for vendor, refuse := range map[string]func(http.ResponseWriter){
		"ECR":    func(w http.ResponseWriter) { answer(w, http.StatusBadRequest, "TAG_INVALID", says) },
		"GitLab": func(w http.ResponseWriter) { answer(w, http.StatusForbidden, "DENIED", says) },
		"Quay":   func(w http.ResponseWriter) { answer(w, http.StatusConflict, "TAG_IMMUTABLE", says) },
		"Harbor": func(w http.ResponseWriter) { answer(w, http.StatusPreconditionFailed, "PRECONDITION", says) },
	} {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			repo := immutable(t, refuse)
			first, second := push(t, repo, "1-beta"), push(t, repo, "2-beta")
			client := &image.Registry{}
			require.NoError(t, client.Tag(t.Context(), repo, first, "1", "latest"))
			require.NoError(t, client.Tag(t.Context(), repo, first, "1", "latest"), "they point there already")
			err := client.Move(t.Context(), repo, second, "latest")
			require.ErrorIs(t, err, image.ErrImmutable)
			require.NotErrorIs(t, err, image.ErrDenied)
			require.ErrorContains(t, err, repo.String()+":latest: the registry does not move the tag: it points to "+first)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestADenialOfATagThatIsNotThereIsADenial(t *testing.T) {
	t.Parallel()
	repo := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/manifests/1") && r.Method == http.MethodPut {
			answer(w, http.StatusForbidden, "DENIED", "read only")
			return false
		}
		return true
	})
	err := (&image.Registry{}).Tag(t.Context(), repo, push(t, repo, "1-beta"), "1")
	require.ErrorIs(t, err, image.ErrDenied)
	require.NotErrorIs(t, err, image.ErrImmutable)
}

// Each commit's image is stamped under a tag that is given once, and its digest is there even where the tag is another's.
func TestStampNeedsATagOnceAndPutsWhatCannotHaveItBesideIt(t *testing.T) {
	t.Parallel()
	repo := immutable(t, func(w http.ResponseWriter) { w.WriteHeader(http.StatusConflict) })
	client := &image.Registry{}
	stamp := func(tag string) (string, error) {
		made, err := random.Image(64, 1)
		require.NoError(t, err)
		ref, err := name.NewDigest(repo.String() + "@" + digestOf(t, made))
		require.NoError(t, err)
		require.NoError(t, remote.Write(ref, made))
		first, err := client.Stamp(t.Context(), repo, digestOf(t, made), tag, time.Unix(0, 0))
		again, second := client.Stamp(t.Context(), repo, digestOf(t, made), tag, time.Unix(0, 0))
		require.Equal(t, first, again)
		require.Equal(t, err == nil, second == nil)
		return first, err
	}
	first, err := stamp("1-beta")
	require.NoError(t, err)
	other, err := stamp("1-beta")
	require.ErrorIs(t, err, image.ErrImmutable)
	require.True(t, isThere(t, repo, other))
	require.Equal(t, first, tags(t, repo)["1-beta"].Digest)
}
