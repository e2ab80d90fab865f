package image

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/stretchr/testify/require"
)

// FuzzParseRepository holds that what is taken is a repository and nothing more, the same when it is read again, and that
// everything else is refused in one line.
func FuzzParseRepository(f *testing.F) {
	for _, seed := range []string{
		"", "app", "team/app", "registry.example.com/team/app", "registry.example.com:5000/team/app", "localhost/app", "[::1]:5000/app",
		"docker.io/library/app", "index.docker.io/app", "library/app", "app:1", "app@sha256:" + strings.Repeat("a", 64), "https://a/b",
		"Registry.Example.com/app", "registry.example.com/App", "a//b", "/app", "a/", "a b", "a\nb", "..", "-a/b", "a__b/c.d", "registry.slipway.local:5000/go-demo",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		parsed, err := ParseRepository(ref)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		again, err := ParseRepository(parsed.String())
		require.NoError(t, err, parsed.String())
		require.Equal(t, parsed.String(), again.String())
		require.Equal(t, parsed.Host(), again.Host())
		require.Equal(t, plain(parsed), plain(again))
		_, err = name.NewTag(parsed.String() + ":1-beta")
		require.NoError(t, err)
	})
}

func plain(r Repository) bool { return r.name.Scheme() == "http" }

// FuzzCheckTag holds that what is taken can be a tag.
func FuzzCheckTag(f *testing.F) {
	for _, seed := range []string{"", "1", "v1.2.3", "1-gabcdef-dirty", ".1", "-1", "a:b", "a/b", "a\n", "é", strings.Repeat("a", 128), strings.Repeat("a", 129)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, version string) {
		if err := CheckTag(version); err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		tag, err := name.NewTag("registry.example.com/app:" + version)
		require.NoError(t, err)
		require.Equal(t, version, tag.TagStr())
		require.Equal(t, "registry.example.com/app", tag.Repository.Name())
	})
}
