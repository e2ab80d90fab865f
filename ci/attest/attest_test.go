package attest_test

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/image"
)

// shelf is a repository with an image.
type shelf struct {
	registry *image.Registry
	repo     image.Repository
	about    evidence.Subject
	key      *evidence.Key
}

func newShelf(t *testing.T, api bool) shelf {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(api)))
	t.Cleanup(server.Close)
	repo, err := image.ParseRepository(strings.TrimPrefix(server.URL, "http://") + "/team/app")
	require.NoError(t, err)
	return shelf{&image.Registry{}, repo, evidence.Subject{Name: repo.String(), Digest: push(t, repo)}, newKey(t)}
}

func push(t *testing.T, repo image.Repository) string {
	t.Helper()
	content, err := random.Image(64, 1)
	require.NoError(t, err)
	digest, err := content.Digest()
	require.NoError(t, err)
	ref, err := name.NewDigest(repo.String() + "@" + digest.String())
	require.NoError(t, err)
	require.NoError(t, remote.Write(ref, content))
	return digest.String()
}

func newKey(t *testing.T) *evidence.Key {
	t.Helper()
	private, err := evidence.GenerateKey()
	require.NoError(t, err)
	key, err := evidence.ParseKey(private, "")
	require.NoError(t, err)
	return key
}

func by(t *testing.T, signer evidence.Signer) evidence.Accepted {
	t.Helper()
	accepted, err := evidence.By(t.Context(), signer)
	require.NoError(t, err)
	return accepted
}

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func tests(t *testing.T, application, stage string, finished time.Time, about evidence.Subject) *evidence.Statement {
	t.Helper()
	statement, err := evidence.NewTests(evidence.Results{Suite: evidence.Suite{Application: application, Stage: stage, Started: finished, Finished: finished}, Passed: []string{"TestHello"}}, about)
	require.NoError(t, err)
	return statement
}

func sbom(t *testing.T, about evidence.Subject) *evidence.Statement {
	t.Helper()
	statement, err := evidence.NewSBOM([]byte(`{"bomFormat":"CycloneDX"}`), about)
	require.NoError(t, err)
	return statement
}

func (s shelf) attach(t *testing.T, signer evidence.Signer, statements ...*evidence.Statement) {
	t.Helper()
	require.NoError(t, attest.Attach(t.Context(), s.registry, s.repo, s.about.Digest, signer, statements...))
}

func (s shelf) find(t *testing.T, accepted evidence.Accepted) attest.Found {
	t.Helper()
	found, err := attest.Find(t.Context(), s.registry, s.repo, s.about.Digest, accepted)
	require.NoError(t, err)
	return found
}

func TestAnImageCountsAsTestedByTheWordOfAnAcceptedSigner(t *testing.T) {
	t.Parallel()
	for name, api := range map[string]bool{"with the referrers API": true, "without it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, api)
			require.ErrorIs(t, s.find(t, by(t, s.key)).Check(attest.Wanted{Application: "app"}, now), attest.ErrNone)
			s.attach(t, s.key, tests(t, "app", "functional", now, s.about), tests(t, "app", "build", now, s.about), sbom(t, s.about))
			found := s.find(t, by(t, s.key))
			require.NoError(t, found.Check(attest.Wanted{Application: "app", MaxAge: time.Hour}, now))
			require.Len(t, found.Of(evidence.SBOM), 1)
			passed, err := found.Tests("app", 0, now)
			require.NoError(t, err)
			require.Len(t, passed, 2)
			require.NotEmpty(t, passed[0].Statement.Document)
		})
	}
}

func TestEachReasonNotToTakeAnImageHasItsOwnLine(t *testing.T) {
	t.Parallel()
	s := newShelf(t, false)
	other := newKey(t)
	for name, c := range map[string]struct {
		made     func(s shelf)
		accepted evidence.Accepted
		says     string
	}{
		"another signer":      {func(s shelf) { s.attach(t, other, tests(t, "app", "functional", now, s.about)) }, by(t, s.key), "test results: it was signed by " + other.String() + ", and accepted is " + s.key.String()},
		"another application": {func(s shelf) { s.attach(t, s.key, tests(t, "shop", "functional", now, s.about)) }, by(t, s.key), "test results: they are of shop"},
		"another digest": {func(s shelf) {
			s.attach(t, s.key, tests(t, "app", "functional", now, evidence.Subject{Name: "x", Digest: push(t, s.repo)}))
		}, by(t, s.key), "test results: it is about another digest"},
		"expired":     {func(s shelf) { s.attach(t, s.key, tests(t, "app", "functional", now.Add(-72*time.Hour), s.about)) }, by(t, s.key), "test results: they ended 3d ago, and count for 24h"},
		"unsigned":    {func(s shelf) { s.attach(t, evidence.Unsigned{}, tests(t, "app", "functional", now, s.about)) }, by(t, s.key), "test results: it is not signed"},
		"checks only": {func(s shelf) { s.attach(t, s.key, tests(t, "app", "build", now, s.about)) }, by(t, s.key), "test results: there are none of a beta"},
		"foreign SBOM": {func(s shelf) {
			s.attach(t, s.key, tests(t, "app", "functional", now, s.about))
			s.attach(t, other, sbom(t, s.about))
		}, by(t, s.key), "SBOM: it was signed by " + other.String()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shelf{s.registry, s.repo, evidence.Subject{Name: s.about.Name, Digest: push(t, s.repo)}, s.key}
			c.made(s)
			require.ErrorContains(t, s.find(t, c.accepted).Check(attest.Wanted{Application: "app", MaxAge: 24 * time.Hour}, now), c.says)
		})
	}
}

func TestWhatOthersAttachDoesNotSpoilAnImage(t *testing.T) {
	t.Parallel()
	s := newShelf(t, false)
	s.attach(t, newKey(t), tests(t, "app", "functional", now, s.about), sbom(t, s.about))
	s.attach(t, evidence.Unsigned{}, tests(t, "shop", "functional", now, s.about))
	s.attach(t, s.key, tests(t, "app", "functional", now, s.about), sbom(t, s.about))
	require.NoError(t, s.find(t, by(t, s.key)).Check(attest.Wanted{Application: "app"}, now))
}

func TestWhatSaysTheSameIsAttachedOnce(t *testing.T) {
	t.Parallel()
	s := newShelf(t, false)
	for range 2 {
		s.attach(t, s.key, tests(t, "app", "functional", now, s.about), sbom(t, s.about))
	}
	found := s.find(t, by(t, s.key))
	require.Len(t, found.Of(evidence.SBOM), 1)
	require.Len(t, found.Of(evidence.Tests), 2)
}
