package image_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/image"
)

func nothing(string) bool { return false }

// tags returns what List finds, by tag.
func tags(t *testing.T, repo image.Repository) map[string]image.Tagged {
	t.Helper()
	listed, err := (&image.Registry{}).List(t.Context(), repo, func(string) bool { return true })
	require.NoError(t, err)
	out := map[string]image.Tagged{}
	for _, tagged := range listed {
		out[tagged.Tag] = tagged
	}
	return out
}

func TestListTellsDigestTimeAndPartsOfEachTag(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	require.Empty(t, tags(t, repo), "there is no such repository")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	made, err := random.Image(64, 1)
	require.NoError(t, err)
	made, err = mutate.CreatedAt(made, v1.Time{Time: at})
	require.NoError(t, err)
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: made})
	for tag, write := range map[string]func(name.Tag) error{
		"1-beta": func(ref name.Tag) error { return remote.Write(ref, made) },
		"2-beta": func(ref name.Tag) error { return remote.WriteIndex(ref, index) },
	} {
		ref, err := name.NewTag(repo.String() + ":" + tag)
		require.NoError(t, err)
		require.NoError(t, write(ref))
	}
	found := tags(t, repo)
	require.Equal(t, image.Tagged{Tag: "1-beta", Digest: digestOf(t, made), Created: at}, found["1-beta"])
	require.Equal(t, image.Tagged{Tag: "2-beta", Digest: digestOf(t, index), Created: at, Parts: []string{digestOf(t, made)}}, found["2-beta"])
	untimed, err := (&image.Registry{}).List(t.Context(), repo, nothing)
	require.NoError(t, err)
	for _, tagged := range untimed {
		require.Zero(t, tagged.Created)
	}
	parts, err := (&image.Registry{}).Parts(t.Context(), repo, digestOf(t, index))
	require.NoError(t, err)
	require.Equal(t, []string{digestOf(t, made)}, parts)
	none, err := (&image.Registry{}).Parts(t.Context(), repo, absent)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestWhatIsDeletedGoesWithAllThatIsAttachedToIt(t *testing.T) {
	t.Parallel()
	for name, repo := range registries(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := &image.Registry{}
			digest, other := push(t, repo, "1-beta"), push(t, repo, "2-beta")
			first, about := note("a", "one"), note("b", "about the note")
			require.NoError(t, client.Attach(t.Context(), repo, digest, first))
			require.NoError(t, client.Attach(t.Context(), repo, first.Digest, about))
			require.NoError(t, client.Attach(t.Context(), repo, other, note("a", "stays")))
			attached, err := client.Delete(t.Context(), repo, image.Doomed{Digest: digest}, nothing)
			require.NoError(t, err)
			require.Equal(t, 2, attached)
			for _, gone := range []string{digest, first.Digest, about.Digest} {
				require.False(t, isThere(t, repo, gone), gone)
			}
			left, err := client.Attachments(t.Context(), repo, other, documentType)
			require.NoError(t, err)
			require.Len(t, left, 1)
			again, err := client.Delete(t.Context(), repo, image.Doomed{Digest: absent}, nothing)
			require.NoError(t, err, "somebody else has deleted it")
			require.Zero(t, again)
		})
	}
}

func isThere(t *testing.T, repo image.Repository, digest string) bool {
	t.Helper()
	ref, err := name.NewDigest(repo.String() + "@" + digest)
	require.NoError(t, err)
	_, err = remote.Head(ref)
	return err == nil
}

func TestNothingThatIsKeptIsDeleted(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	client := &image.Registry{}
	digest, part, list := push(t, repo, "1-beta"), push(t, repo, "part"), push(t, repo, "list")
	kept := note("a", "one")
	require.NoError(t, client.Attach(t.Context(), repo, digest, kept))
	_, err := client.Delete(t.Context(), repo, image.Doomed{Digest: digest, Parts: []string{part}, Beside: []string{list}}, func(digest string) bool {
		return digest == part || digest == kept.Digest
	})
	require.NoError(t, err)
	require.False(t, isThere(t, repo, digest))
	require.False(t, isThere(t, repo, list))
	require.True(t, isThere(t, repo, part))
	require.True(t, isThere(t, repo, kept.Digest))
}

// answer writes a registry's error.
func answer(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}})
}

func TestARegistryThatDoesNotDeleteSaysSoAndKeepsAll(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(http.ResponseWriter){
		"405":         func(w http.ResponseWriter) { w.WriteHeader(http.StatusMethodNotAllowed) },
		"UNSUPPORTED": func(w http.ResponseWriter) { answer(w, http.StatusBadRequest, "UNSUPPORTED", "no deletion") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodDelete {
					refuse(w)
				}
				return r.Method != http.MethodDelete
			})
			client := &image.Registry{}
			digest := push(t, repo, "1-beta")
			require.NoError(t, client.Attach(t.Context(), repo, digest, note("a", "one")))
			_, err := client.Delete(t.Context(), repo, image.Doomed{Digest: digest}, nothing)
			require.ErrorIs(t, err, image.ErrNoDeletion)
			require.NotContains(t, err.Error(), "\n")
			require.True(t, isThere(t, repo, digest))
			found, err := client.Attachments(t.Context(), repo, digest, documentType)
			require.NoError(t, err)
			require.Len(t, found, 1)
		})
	}
}

func TestCredentialsThatMayNotDeleteAreToldFromARegistryThatDoesNot(t *testing.T) {
	t.Parallel()
	repo := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			answer(w, http.StatusForbidden, "DENIED", "read only")
		}
		return r.Method != http.MethodDelete
	})
	_, err := (&image.Registry{}).Delete(t.Context(), repo, image.Doomed{Digest: push(t, repo, "1-beta")}, nothing)
	require.ErrorIs(t, err, image.ErrDenied)
	require.NotErrorIs(t, err, image.ErrNoDeletion)
}

func TestARegistryThatCannotBeReachedListsNothingAndDeletesNothing(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	repo := parse(t, strings.TrimPrefix(server.URL, "http://")+"/app")
	server.Close()
	_, err := (&image.Registry{}).List(t.Context(), repo, nothing)
	require.ErrorIs(t, err, image.ErrUnreachable)
	_, err = (&image.Registry{}).Delete(t.Context(), repo, image.Doomed{Digest: absent}, nothing)
	require.ErrorIs(t, err, image.ErrUnreachable)
}

func TestDocumentsThatReferToEachOtherAreDeletedOnce(t *testing.T) {
	t.Parallel()
	repo := registries(t)["without it"]
	client := &image.Registry{}
	digest, first, second := push(t, repo, "1-beta"), note("a", "one"), note("b", "two")
	require.NoError(t, client.Attach(t.Context(), repo, digest, first))
	require.NoError(t, client.Attach(t.Context(), repo, first.Digest, second))
	named, err := name.NewDigest(repo.String() + "@" + first.Digest)
	require.NoError(t, err)
	written, err := remote.Image(named)
	require.NoError(t, err)
	list, err := name.NewTag(repo.String() + ":" + strings.Replace(second.Digest, ":", "-", 1))
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(list, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: written})))
	attached, err := client.Delete(t.Context(), repo, image.Doomed{Digest: digest}, nothing)
	require.NoError(t, err)
	require.Equal(t, 2, attached)
}
