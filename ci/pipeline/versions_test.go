package pipeline

import (
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
	"github.com/slipway-cd/slipway/ci/journal"
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
	*Run
	t *testing.T
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
	run := &Run{journal: journal.Journal{Printer: quiet{}}, images: []shipped{{repository: repositoryOf(t, strings.TrimPrefix(server.URL, "http://")+"/team/app")}},
		opts: Options{Until: "release", Version: "1.0", Built: today, Derived: true}, env: Environment{Printer: quiet{}, Registry: &image.Registry{}}}
	return releasing{run, t}
}

// push pushes an image of a commit, and has the run have tested it.
func (r *releasing) push(tag string, at time.Time) string {
	r.t.Helper()
	made, err := random.Image(64, 1)
	require.NoError(r.t, err)
	made, err = mutate.CreatedAt(made, v1.Time{Time: at})
	require.NoError(r.t, err)
	ref, err := reference.NewTag(r.images[0].repository.String() + ":" + tag)
	require.NoError(r.t, err)
	require.NoError(r.t, remote.Write(ref, made))
	digest, err := made.Digest()
	require.NoError(r.t, err)
	r.images[0].digest = digest.String()
	return digest.String()
}

// release is what Release does about tags.
func (r *releasing) release() error {
	if err := r.checkVersions(r.t.Context()); err != nil {
		return err
	}
	return r.tagImages(r.t.Context())
}

func (r *releasing) digest(tag string) string {
	r.t.Helper()
	digest, err := r.env.Registry.Digest(r.t.Context(), r.images[0].repository, tag)
	require.NoError(r.t, err)
	return digest
}

func TestAVersionIsNeverMoved(t *testing.T) {
	t.Parallel()
	r := newReleasing(t, false)
	r.push("1.0-beta", today)
	require.NoError(t, r.release())
	first := r.digest("1.0")
	require.NoError(t, r.release(), "the same digest again")
	r.push("again-beta", today)
	err := r.release()
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	require.ErrorContains(t, err, "version 1.0 is released already: ")
	require.ErrorContains(t, err, "versions are never moved: choose another one with --version or a new git tag")
	require.NotContains(t, err.Error(), "\n")
	require.Equal(t, first, r.digest("1.0"))
	require.Equal(t, first, r.digest("latest"), "something was tagged")
	r.opts.Version = "1.0-dirty"
	for range 2 {
		pushed := r.push("dirty-beta", today)
		require.NoError(t, r.release(), "that of a changed tree names no certain content")
		require.Equal(t, pushed, r.digest("1.0-dirty"))
	}
}

func TestAVersionOfAnotherCommitIsRefusedBeforeAnythingIsBuilt(t *testing.T) {
	t.Parallel()
	r := newReleasing(t, false)
	require.NoError(t, r.foreseeVersion(t.Context(), r.images[0]))
	r.push("1.0", today)
	require.NoError(t, r.foreseeVersion(t.Context(), r.images[0]), "it is this commit's")
	r.opts.Built = today.Add(time.Second)
	err := r.foreseeVersion(t.Context(), r.images[0])
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	require.ErrorContains(t, err, "is an image of 2026-11-29T12:00:00Z, and this commit is of 2026-11-29T12:00:01Z; versions are never moved")
	r.opts.Until = "build"
	require.Error(t, r.foreseeVersion(t.Context(), r.images[0]), "its beta would take the place of the released one's")
}

func TestACommitThatIsReleasedIsShippedAsItWas(t *testing.T) {
	t.Parallel()
	r := newReleasing(t, false)
	first := r.push("1.0", today)
	again := r.push("1.0-beta", today)
	for name, c := range map[string]struct {
		change func(*Options)
		digest string
	}{
		"built again":               {func(*Options) {}, first},
		"a version that was given":  {func(o *Options) { o.Derived = false }, again},
		"a changed tree":            {func(o *Options) { o.History.Dirty = true }, again},
		"another commit":            {func(o *Options) { o.Built = today.Add(time.Second) }, again},
		"a version of nobody yet":   {func(o *Options) { o.Version = "2.0" }, again},
		"a run that does not reach": {func(o *Options) { o.Until = "functional" }, again},
	} {
		t.Run(name, func(t *testing.T) {
			run := &Run{journal: journal.Journal{Printer: quiet{}}, opts: r.opts, env: r.env}
			c.change(&run.opts)
			shipped := r.images[0]
			require.NoError(t, run.findReleased(t.Context(), &shipped))
			require.Equal(t, c.digest == first, shipped.earlier)
			require.Equal(t, c.digest, shipped.digest)
		})
	}
}

func TestARegistryThatMovesNoTagIsReleasedTo(t *testing.T) {
	t.Parallel()
	r := newReleasing(t, true)
	first := r.push("1.0-beta", today)
	require.NoError(t, r.release())
	require.NoError(t, r.release(), "the same again")
	require.Equal(t, "1.0, latest", r.detail)
	r.opts.Version = "2.0"
	second := r.push("2.0-beta", today)
	require.NoError(t, r.release())
	require.Equal(t, "2.0; latest stays where it was, for the registry does not move it", r.detail)
	require.Equal(t, second, r.digest("2.0"))
	require.Equal(t, first, r.digest("latest"))
	r.opts.Version = "2.0-dirty"
	r.push("a-beta", today)
	require.NoError(t, r.release())
	r.push("b-beta", today)
	err := r.release()
	require.Equal(t, exit.Usage, exit.Code(t.Context(), err))
	require.ErrorContains(t, err, "2.0-dirty: the registry does not move the tag")
	require.NotContains(t, err.Error(), "\n")
}
