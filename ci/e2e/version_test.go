package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/image"
)

func TestAVersionIsReleasedOnce(t *testing.T) {
	i := newRepositoryOfImages(t, "once", "")
	i.r.git("tag", "1.0")
	first := i.ship(t)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	require.Equal(t, "1.0", first.report.Version)

	t.Run("a tag that was moved is refused before anything is built", func(t *testing.T) {
		before := i.tags(t)
		i.r.commit()
		i.r.git("tag", "--force", "1.0")
		done := i.ship(t)
		require.Equal(t, 2, done.code, done.stdout+done.stderr)
		require.Contains(t, done.stderr, "version 1.0 is released already: ")
		require.Empty(t, done.report.Stages, "something was begun")
		require.Equal(t, before, i.tags(t))
	})
	t.Run("a commit that other bytes were released of is shipped as these", func(t *testing.T) {
		i.r.commit()
		version := i.r.version()
		built := i.pipeline(t, i.r, i.n, "--until", "functional")
		require.Equal(t, 0, built.code, built.stdout+built.stderr)
		pushed, err := remote.Image(i.name.Digest(built.report.Digest))
		require.NoError(t, err)
		config, err := pushed.ConfigFile()
		require.NoError(t, err)
		config = config.DeepCopy()
		config.Author = "another engine"
		other, err := mutate.ConfigFile(pushed, config)
		require.NoError(t, err)
		require.NoError(t, remote.Write(i.name.Tag(version), other))
		given := i.pipeline(t, i.r, i.n, "--version", version)
		require.Equal(t, 2, given.code, given.stdout+given.stderr)
		require.Contains(t, given.stage(t, "release").Error, "version "+version+" is released already: ")
		require.NotEqual(t, built.report.Digest, i.tags(t)["latest"])
		unknown := i.ship(t)
		require.Equal(t, 2, unknown.code, unknown.stdout+unknown.stderr)
		require.Contains(t, unknown.stage(t, "build").Error, "an image of which nobody says that it was built of this commit")
		i.saysOf(t, i.tags(t)[version], strings.Repeat("a", 40))
		foreign := i.ship(t)
		require.Equal(t, 2, foreign.code, foreign.stdout+foreign.stderr)
		require.Contains(t, foreign.stage(t, "build").Error, "an image of commit aaaaaaa")
		i.saysOf(t, i.tags(t)[version], i.r.git("rev-parse", "HEAD"))
		done := i.shipped(t)
		require.Equal(t, i.tags(t)[version], done.report.Digest)
		require.NotEqual(t, built.report.Digest, done.report.Digest)
		require.Contains(t, done.stdout, "is released already, of this commit: it is shipped")
	})
}

// saysOf attaches provenance to a digest, by the key that is kept in the build namespace.
func (i *repositoryOfImages) saysOf(t *testing.T, digest, commit string) {
	t.Helper()
	kept, err := i.typed.CoreV1().Secrets(i.n.build).Get(t.Context(), "slipway-signing-key", metav1.GetOptions{})
	require.NoError(t, err)
	key, err := evidence.ParseKey(kept.Data["key.pem"], "")
	require.NoError(t, err)
	repo, err := image.ParseRepository(i.Registry + "/" + i.name.RepositoryStr())
	require.NoError(t, err)
	statement, err := evidence.NewProvenance(evidence.Build{Commit: commit, Run: "another", Started: time.Now(), Finished: time.Now()}, evidence.Subject{Name: repo.String(), Digest: digest})
	require.NoError(t, err)
	require.NoError(t, attest.Attach(t.Context(), &image.Registry{}, repo, digest, key, statement))
}
