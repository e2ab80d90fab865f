package image_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/image"
)

func TestRepositoriesAreReadAsDockerReadsThem(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string][2]string{
		"registry.example.com/team/app":   {"registry.example.com/team/app", "registry.example.com"},
		"registry.slipway.local:5000/app": {"registry.slipway.local:5000/app", "registry.slipway.local:5000"},
		"localhost:5000/app":              {"localhost:5000/app", "localhost:5000"},
		"127.0.0.1:5005/a_b/c--d/e.f":     {"127.0.0.1:5005/a_b/c--d/e.f", "127.0.0.1:5005"},
		"team/app":                        {"docker.io/team/app", "index.docker.io"},
		"postgres":                        {"docker.io/library/postgres", "index.docker.io"},
		"docker.io/team/app":              {"docker.io/team/app", "index.docker.io"},
		"Registry.Example.com/team/app":   {"registry.example.com/team/app", "registry.example.com"},
	} {
		repo, err := image.ParseRepository(ref)
		require.NoError(t, err)
		require.Equal(t, want, [2]string{repo.String(), repo.Host()}, ref)
	}
}

func TestWhatIsNoRepositoryIsRefusedWithWhatToWrite(t *testing.T) {
	t.Parallel()
	const shape = "is not a repository: write HOST/PATH, for example registry.example.com/team/app"
	for ref, want := range map[string]string{
		"":                         "is empty: write HOST/PATH, for example registry.example.com/team/app",
		"https://example.com/app":  `has a scheme: write "example.com/app"`,
		"example.com:5000/app:1.0": `has a tag: write "example.com:5000/app"`,
		"example.com/app:":         `has a tag: write "example.com/app"`,
		"example.com:5000":         "has a tag, or a host without a path: write HOST:PORT/PATH, for example registry.example.com/team/app",
		"app@sha256:0123":          `has a digest: write "app"`,
		"example.com/Team/app":     `has upper case letters: write "example.com/team/app"`,
		"App":                      `has upper case letters: write "app"`,
		"example.com/":             shape,
		"example.com//app":         shape,
		"example.com/-app":         shape,
		"a b":                      shape,
		"example.com/ap\np":        shape,
		"example.com:port/app":     shape,
		strings.Repeat("a", 300):   shape,
	} {
		_, err := image.ParseRepository(ref)
		require.Error(t, err, ref)
		require.Contains(t, err.Error(), want)
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestTagsFollowTheGrammarOfTheDistributionSpecification(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1", "1.2.3-beta", "_x", "123-abcdef0-dirty", strings.Repeat("a", 128)} {
		require.NoError(t, image.CheckTag(version))
	}
	for _, version := range []string{"", ".1", "-1", "1+2", "a/b", "a b", "a\n", "é", strings.Repeat("a", 129)} {
		require.ErrorContains(t, image.CheckTag(version), "is not a valid image tag: use at most 128 letters, digits")
	}
}
