package artifact

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	reference "github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

var today = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func repositoryOf(t *testing.T, name string) image.Repository {
	t.Helper()
	repository, err := image.ParseRepository(name)
	require.NoError(t, err)
	return repository
}

// releasing is a run that has tested a digest, and a registry that may move no tag.
type releasing struct {
	Tags
	images []Image
	t      *testing.T
}

func newReleasing(t *testing.T, immutable bool) releasing {
	t.Helper()
	handler, taken := registry.New(registry.Logger(log.New(io.Discard, "", 0))), map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if immutable && r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			if taken[r.URL.Path] {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			taken[r.URL.Path] = true
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return releasing{Tags{Registry: &image.Registry{}, Version: "1.0", Built: today, Follows: true, Note: func(string) {}, OfCommit: func(context.Context, Image) error { return nil }},
		[]Image{{Repo: repositoryOf(t, strings.TrimPrefix(server.URL, "http://")+"/team/app")}}, t}
}

// push pushes an image of a commit, and has the run have tested it.
func (r *releasing) push(tag string, at time.Time) string {
	r.t.Helper()
	made, err := random.Image(64, 1)
	require.NoError(r.t, err)
	made, err = mutate.CreatedAt(made, v1.Time{Time: at})
	require.NoError(r.t, err)
	ref, err := reference.NewTag(r.images[0].Repo.String() + ":" + tag)
	require.NoError(r.t, err)
	require.NoError(r.t, remote.Write(ref, made))
	digest, err := made.Digest()
	require.NoError(r.t, err)
	r.images[0].Digest = digest.String()
	return digest.String()
}

// release does what is done about tags once images are tested.
func (r *releasing) release() (latest bool, err error) {
	if err := r.Check(r.t.Context(), r.images); err != nil {
		return false, err
	}
	return r.Give(r.t.Context(), r.images)
}

// released holds that all is released, and whether as latest, too.
func (r *releasing) released(wantLatest bool, why ...any) {
	r.t.Helper()
	latest, err := r.release()
	require.NoError(r.t, err, why...)
	require.Equal(r.t, wantLatest, latest, why...)
}

func (r *releasing) digest(tag string) string {
	r.t.Helper()
	digest, err := r.Registry.Digest(r.t.Context(), r.images[0].Repo, tag)
	require.NoError(r.t, err)
	return digest
}

func TestAVersionIsNeverMoved(t *testing.T) {
	t.Parallel()
	r := newReleasing(t, false)
	r.push("1.0-beta", today)
	r.released(true)
	first := r.digest("1.0")
	r.released(true, "the same digest again")
	r.push("again-beta", today)
	_, err := r.release()
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	require.ErrorContains(t, err, "version 1.0 is released already: ")
	require.ErrorContains(t, err, "versions are never moved: choose another one with --version or a new git tag")
	require.NotContains(t, err.Error(), "\n")
	require.Equal(t, first, r.digest("1.0"))
	require.Equal(t, first, r.digest("latest"), "something was tagged")
	r.Version = "1.0-dirty"
	for range 2 {
		pushed := r.push("dirty-beta", today)
		r.released(true, "that of a changed tree names no certain content")
		require.Equal(t, pushed, r.digest("1.0-dirty"))
	}
}

func TestAVersionOfAnotherCommitIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	r := newReleasing(t, false)
	require.NoError(t, r.Foresee(t.Context(), r.images[0]))
	r.push("1.0", today)
	require.NoError(t, r.Foresee(t.Context(), r.images[0]), "it is this commit's")
	r.Built = today.Add(time.Second)
	err := r.Foresee(t.Context(), r.images[0])
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	require.ErrorContains(t, err, "is an image of 2026-11-29T12:00:00Z, and this commit is of 2026-11-29T12:00:01Z; versions are never moved")
}

func TestACommitThatIsReleasedIsShippedAsItWas(t *testing.T) {
	t.Parallel()
	r := newReleasing(t, false)
	first := r.push("1.0", today)
	again := r.push("1.0-beta", today)
	for name, c := range map[string]struct {
		change func(*Tags)
		digest string
	}{
		"built again":                      {func(*Tags) {}, first},
		"what follows not from the commit": {func(t *Tags) { t.Follows = false }, again},
		"another commit":                   {func(t *Tags) { t.Built = today.Add(time.Second) }, again},
		"a version of nobody yet":          {func(t *Tags) { t.Version = "2.0" }, again},
		"a version of no certain content":  {func(t *Tags) { t.Version = "1.0-dirty" }, again},
	} {
		t.Run(name, func(t *testing.T) {
			tags, shipped := r.Tags, r.images[0]
			c.change(&tags)
			require.NoError(t, tags.FindReleased(t.Context(), &shipped))
			require.Equal(t, c.digest == first, shipped.Earlier)
			require.Equal(t, c.digest, shipped.Digest)
		})
	}
}

// TestAnImageOfTheRightTimeIsNotTakenForOneOfTheCommit: whoever may push can put one there.
func TestAnImageOfTheRightTimeIsNotTakenForOneOfTheCommit(t *testing.T) {
	t.Parallel()
	r := newReleasing(t, false)
	there := r.push("1.0", today)
	built := r.push("1.0-beta", today)
	for says, why := range map[string]error{
		", an image of commit 76803439, and this one is 89abcdef, and another than": &Another{What: "an image of commit 76803439, and this one is 89abcdef"},
		", an image of which nobody says that it was built of this commit":          &Another{},
		"nobody accepted says that it was built of this commit (it is not signed)":  &Another{Why: errors.New("it is not signed")},
	} {
		shipped := r.images[0]
		r.OfCommit = func(_ context.Context, i Image) error {
			require.Equal(t, there, i.Digest)
			return why
		}
		err := r.FindReleased(t.Context(), &shipped)
		require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
		require.ErrorContains(t, err, "version 1.0 is released already: ")
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "or ship what is there as it is with --from release --version 1.0")
		require.NotContains(t, err.Error(), "\n")
		require.Equal(t, built, shipped.Digest)
		require.False(t, shipped.Earlier)
	}
	down := errors.New("the registry is down")
	r.OfCommit = func(context.Context, Image) error { return down }
	require.ErrorIs(t, r.FindReleased(t.Context(), &r.images[0]), down)
	r.images[0].Digest = there
	require.NoError(t, r.FindReleased(t.Context(), &r.images[0]), "it is what was built just now")
	require.False(t, r.images[0].Earlier)
}

func TestARegistryThatMovesNoTagIsReleasedTo(t *testing.T) {
	t.Parallel()
	r := newReleasing(t, true)
	first := r.push("1.0-beta", today)
	r.released(true)
	r.released(true, "the same again")
	r.Version = "2.0"
	second := r.push("2.0-beta", today)
	r.released(false, "latest stays where it was")
	require.Equal(t, second, r.digest("2.0"))
	require.Equal(t, first, r.digest("latest"))
	r.Version = "2.0-dirty"
	r.push("a-beta", today)
	r.released(false)
	r.push("b-beta", today)
	_, err := r.release()
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	require.ErrorContains(t, err, "2.0-dirty: the registry does not move the tag")
	require.NotContains(t, err.Error(), "\n")
}
