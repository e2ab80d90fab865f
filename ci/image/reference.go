// Package image talks to the registry: it checks access, resolves tags to digests and tags digests. No other package does.
package image

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Repository is the name of an image without tag and digest.
type Repository struct {
	name name.Repository
}

// String returns the full name: a short name of Docker Hub gets docker.io/ and, if it has no owner, library/ before it.
func (r Repository) String() string {
	return strings.Replace(r.name.Name(), name.DefaultRegistry+"/", "docker.io/", 1)
}

// Host returns the registry's host, with its port if one was given.
func (r Repository) Host() string { return r.name.RegistryStr() }

const example = "for example registry.example.com/team/app"

// A path as in https://github.com/distribution/reference/blob/main/reference.go, and a tag as in
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests.
var (
	pathPattern = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagPattern  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

// ParseRepository reads [HOST[:PORT]/]PATH, with Docker's rules for short names. For a reference with a scheme, a tag
// or a digest, or one that no registry accepts, the error says in one line what to write instead.
func ParseRepository(ref string) (Repository, error) {
	fail := func(format string, args ...any) (Repository, error) {
		return Repository{}, fmt.Errorf("image %q: %s", ref, fmt.Sprintf(format, args...))
	}
	if ref == "" {
		return fail("is empty: write HOST/PATH, %s", example)
	}
	if _, rest, found := strings.Cut(ref, "://"); found {
		return fail("has a scheme: write %q", rest)
	}
	if before, _, found := strings.Cut(ref, "@"); found {
		return fail("has a digest: write %q", before)
	}
	last := strings.LastIndex(ref, "/")
	if colon := strings.LastIndex(ref, ":"); colon > last {
		if last < 0 {
			return fail("has a tag, or a host without a path: write HOST:PORT/PATH, %s", example)
		}
		return fail("has a tag: write %q", ref[:colon])
	}
	repository, err := name.NewRepository(strings.ToLower(ref), plainHTTP(ref)...)
	if err != nil || !pathPattern.MatchString(repository.RepositoryStr()) {
		return fail("is not a repository: write HOST/PATH, %s", example)
	}
	if !strings.HasSuffix(ref, strings.TrimPrefix(repository.RepositoryStr(), "library/")) {
		return fail("has upper case letters: write %q", strings.ToLower(ref))
	}
	return Repository{repository}, nil
}

// sandboxDomain is that of the sandbox's own network, for which nobody issues certificates. Other .local names often belong to
// a company, with passwords that must not be sent without TLS.
const sandboxDomain = ".slipway.local"

// plainHTTP adds the sandbox's registry to those that go-containerregistry talks to over plain http.
func plainHTTP(ref string) []name.Option {
	host, _, _ := strings.Cut(ref, "/")
	host, _, _ = strings.Cut(host, ":")
	if strings.HasSuffix(host, sandboxDomain) {
		return []name.Option{name.Insecure}
	}
	return nil
}

// CheckTag returns an error, in one line, if version is not a valid image tag.
func CheckTag(version string) error {
	if !tagPattern.MatchString(version) {
		return fmt.Errorf("version %q: is not a valid image tag: use at most 128 letters, digits, '_', '.' and '-', and begin with neither '.' nor '-'", version)
	}
	return nil
}
