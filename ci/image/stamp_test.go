package image_test

import (
	"net/http"
	"strings"
	"sync/atomic"
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

func TestStampGivesImagesThatDifferInTheirTimeAloneOneDigest(t *testing.T) {
	t.Parallel()
	var uploads atomic.Int32
	repo := serve(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch || r.Method == http.MethodPost {
			uploads.Add(1)
		}
		return true
	})
	built, err := random.Image(64, 2)
	require.NoError(t, err)
	var digests []string
	for _, minute := range []int{1, 2} {
		made, err := mutate.CreatedAt(built, v1.Time{Time: time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC)})
		require.NoError(t, err)
		ref, err := name.NewTag(repo.String() + ":pushed")
		require.NoError(t, err)
		require.NoError(t, remote.Write(ref, made))
		uploads.Store(0)
		client := &image.Registry{}
		digest, err := client.Stamp(t.Context(), repo, digestOf(t, made), "1.0-beta", time.Unix(0, 0))
		require.NoError(t, err)
		got, err := client.Digest(t.Context(), repo, "1.0-beta")
		require.NoError(t, err)
		require.Equal(t, digest, got)
		require.NotEqual(t, digestOf(t, made), digest)
		require.LessOrEqual(t, uploads.Load(), int32(2), "the configuration alone is uploaded")
		digests = append(digests, digest)
	}
	require.Equal(t, digests[0], digests[1])
}

func TestStampGivesImagesThatAnEngineMadeAndFoundAgainOneDigest(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	layer, err := random.Layer(64, "application/vnd.oci.image.layer.v1.tar+gzip")
	require.NoError(t, err)
	var digests []string
	for _, by := range []string{"Directory.withDirectoryDockerfileCompat", "rehydrated persisted snapshot"} {
		made, err := mutate.Append(empty.Image,
			mutate.Addendum{History: v1.History{CreatedBy: "FROM", Comment: "buildkit.dockerfile.v0", EmptyLayer: true}},
			mutate.Addendum{Layer: layer, History: v1.History{CreatedBy: by, Comment: "buildkit.exporter.image.v0"}})
		require.NoError(t, err)
		ref, err := name.NewTag(repo.String() + ":1.0-beta")
		require.NoError(t, err)
		require.NoError(t, remote.Write(ref, made))
		digest, err := (&image.Registry{}).Stamp(t.Context(), repo, digestOf(t, made), "1.0-beta", time.Unix(0, 0))
		require.NoError(t, err)
		digests = append(digests, digest)
		stamped, err := remote.Image(ref.Digest(digest))
		require.NoError(t, err)
		config, err := stamped.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, "FROM", config.History[0].CreatedBy, "a base's is left alone")
	}
	require.Equal(t, digests[0], digests[1])
}

func TestStampLeavesAnIndexOfManyPlatformsAlone(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	index, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	ref, err := name.NewTag(repo.String() + ":1.0-beta")
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(ref, index))
	digest, err := (&image.Registry{}).Stamp(t.Context(), repo, digestOf(t, index), "1.0-beta", time.Unix(0, 0))
	require.NoError(t, err)
	require.Equal(t, digestOf(t, index), digest)
}

func TestStampOfAnAbsentDigestSaysSo(t *testing.T) {
	t.Parallel()
	repo := serve(t, nil)
	_, err := (&image.Registry{}).Stamp(t.Context(), repo, absent, "1.0-beta", time.Unix(0, 0))
	require.ErrorIs(t, err, image.ErrNotFound)
	require.True(t, strings.HasPrefix(err.Error(), repo.String()+"@"+absent+": "), err)
}
