package e2e

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
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
		done := i.shipped(t)
		require.Equal(t, i.tags(t)[version], done.report.Digest)
		require.NotEqual(t, built.report.Digest, done.report.Digest)
		require.Contains(t, done.stdout, "is released already, of this commit: it is shipped")
	})
}
