package image_test

import (
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/image"
)

func TestAnIndexOfTheSameImagesHasTheSameDigestAndTheirPlatforms(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	tag, err := name.NewTag(repo.String() + ":1.0-beta")
	require.NoError(t, err)
	platforms := []string{"linux/amd64", "linux/arm64/v8"}
	var images []v1.Image
	for range platforms {
		made, err := random.Image(64, 1)
		require.NoError(t, err)
		images = append(images, made)
	}
	var digests []string
	for _, minute := range []int{1, 2} {
		var variants []image.Variant
		for i, made := range images {
			made, err = mutate.CreatedAt(made, v1.Time{Time: time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC)})
			require.NoError(t, err)
			require.NoError(t, remote.Write(tag, made), "all are pushed under one tag")
			variants = append(variants, image.Variant{Platform: platforms[i], Digest: digestOf(t, made)})
		}
		digest, err := (&image.Registry{}).Index(t.Context(), repo, "1.0-beta", variants, time.Unix(0, 0))
		require.NoError(t, err)
		digests = append(digests, digest)
	}
	require.Equal(t, digests[0], digests[1])

	stored, err := remote.Index(tag)
	require.NoError(t, err)
	manifest, err := stored.IndexManifest()
	require.NoError(t, err)
	for i, descriptor := range manifest.Manifests {
		require.Equal(t, platforms[i], descriptor.Platform.String())
		of, err := stored.Image(descriptor.Digest)
		require.NoError(t, err)
		config, err := of.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, descriptor.Platform.Architecture, config.Architecture)
	}

	_, err = (&image.Registry{}).Index(t.Context(), repo, "1.0-beta", []image.Variant{{Platform: "linux/amd64", Digest: "sha256:" + string(make([]byte, 64))}}, time.Unix(0, 0))
	require.Error(t, err)
}
