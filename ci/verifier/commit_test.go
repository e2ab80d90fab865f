package verifier

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/image"
)

const (
	ours   = "0123456789abcdef0123456789abcdef01234567"
	theirs = "76803439abcdef0123456789abcdef0123456789"
)

// shelf is an empty repository.
func shelf(t *testing.T) image.Repository {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)))
	t.Cleanup(server.Close)
	repo, err := image.ParseRepository(strings.TrimPrefix(server.URL, "http://") + "/team/app")
	require.NoError(t, err)
	return repo
}

// push pushes something new, an image or an index.
func push(t *testing.T, repo image.Repository, index bool) artifact.Image {
	t.Helper()
	content, err := random.Image(64, 1)
	require.NoError(t, err)
	digest, err := content.Digest()
	require.NoError(t, err)
	write := func(at v1.Hash) error { return remote.Write(reference(t, repo, at), content) }
	if index {
		several, err := random.Index(64, 1, 2)
		require.NoError(t, err)
		digest, err = several.Digest()
		require.NoError(t, err)
		write = func(at v1.Hash) error { return remote.WriteIndex(reference(t, repo, at), several) }
	}
	require.NoError(t, write(digest))
	return artifact.Image{Repo: repo, Digest: digest.String()}
}

func reference(t *testing.T, repo image.Repository, digest v1.Hash) name.Digest {
	t.Helper()
	out, err := name.NewDigest(repo.String() + "@" + digest.String())
	require.NoError(t, err)
	return out
}

func newKey(t *testing.T) *evidence.Key {
	t.Helper()
	private, err := evidence.GenerateKey()
	require.NoError(t, err)
	key, err := evidence.ParseKey(private, "")
	require.NoError(t, err)
	return key
}

// says has a signer say of which commit an image was built.
func says(t *testing.T, i artifact.Image, signer evidence.Signer, commit string, dirty bool) {
	t.Helper()
	statement, err := evidence.NewProvenance(evidence.Build{Commit: commit, Dirty: dirty, Run: "r1", Started: time.Unix(1, 0), Finished: time.Unix(2, 0)},
		evidence.Subject{Name: i.Repo.String(), Digest: i.Digest})
	require.NoError(t, err)
	require.NoError(t, attest.Attach(t.Context(), &image.Registry{}, i.Repo, i.Digest, signer, statement))
}

func TestAnImageIsOfACommitByTheWordOfAnAcceptedSigner(t *testing.T) {
	t.Parallel()
	repo, key, other := shelf(t), newKey(t), newKey(t)
	accepted := evidence.Accepted{Keys: []evidence.PublicKey{key.Public()}}
	type word struct {
		by     evidence.Signer
		commit string
		dirty  bool
	}
	for name, c := range map[string]struct {
		words    []word
		accepted evidence.Accepted
		told     string // empty: it is of the commit
	}{
		"accepted":           {[]word{{key, ours, false}}, accepted, ""},
		"accepted, too":      {[]word{{other, theirs, false}, {key, ours, true}, {key, theirs, false}, {key, ours, false}}, accepted, ""},
		"unsigned":           {[]word{{evidence.Unsigned{}, ours, false}}, evidence.Accepted{Unsigned: true}, ""},
		"another commit":     {[]word{{key, theirs, false}}, accepted, "an image of commit 7680343"},
		"another, unsigned":  {[]word{{evidence.Unsigned{}, theirs, false}}, evidence.Accepted{Unsigned: true}, "an image of commit 7680343"},
		"a changed tree":     {[]word{{key, ours, true}}, accepted, "an image of this commit with changes that it does not have"},
		"nothing":            {nil, accepted, "an image of which nobody says that it was built of this commit"},
		"somebody else":      {[]word{{other, ours, false}}, accepted, "nobody accepted says that it was built of this commit (provenance: it was signed by " + other.String()},
		"nobody signed":      {[]word{{evidence.Unsigned{}, ours, false}}, accepted, "built of this commit (provenance: it is not signed)"},
		"no commit":          {[]word{{key, "", false}}, accepted, "built of this commit (provenance: it names no commit)"},
		"nobody is accepted": {[]word{{key, ours, false}}, evidence.Accepted{}, "(nobody is known whose word would count)"},
	} {
		for of, index := range map[string]bool{"image": false, "index": true} {
			t.Run(name+", "+of, func(t *testing.T) {
				t.Parallel()
				i := push(t, repo, index)
				for _, word := range c.words {
					says(t, i, word.by, word.commit, word.dirty)
				}
				err := Verifier{Application: "app", Registry: &image.Registry{}}.OfCommit(t.Context(), func(context.Context) (evidence.Accepted, error) { return c.accepted, nil }, i, ours)
				if c.told == "" {
					require.NoError(t, err)
					return
				}
				another := (*artifact.Another)(nil)
				require.True(t, errors.As(err, &another), "%v", err)
				require.ErrorContains(t, err, c.told)
			})
		}
	}
}
