// Package image talks to the registry: is it there, which digest has a tag, and tag a digest. Nothing else does.
package image

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// Repository is where images lie, without tag and digest.
type Repository struct {
	name name.Repository
}

// String returns the full name: Docker Hub's short names come out with docker.io/ and, where there is no team, library/.
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

// ParseRepository reads [HOST[:PORT]/]PATH, with Docker's rules for short names. A reference with a scheme, a tag or a digest
// and one that no registry takes are errors of one line that say what to write.
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
			return fail("has a tag, or a host and no path: write HOST:PORT/PATH, %s", example)
		}
		return fail("has a tag: write %q", ref[:colon])
	}
	repository, err := name.NewRepository(strings.ToLower(ref), plainHTTP(ref)...)
	if err != nil || !pathPattern.MatchString(repository.RepositoryStr()) {
		return fail("is no repository: write HOST/PATH, %s", example)
	}
	if !strings.HasSuffix(ref, strings.TrimPrefix(repository.RepositoryStr(), "library/")) {
		return fail("has capitals: write %q", strings.ToLower(ref))
	}
	return Repository{repository}, nil
}

// sandboxDomain is that of the sandbox's own network, where no certificate could be had. Other .local names are often a
// company's, with TLS and passwords that must not go out without it.
const sandboxDomain = ".slipway.local"

// plainHTTP adds the sandbox's registry to what go-containerregistry speaks plain http with.
func plainHTTP(ref string) []name.Option {
	host, _, _ := strings.Cut(ref, "/")
	host, _, _ = strings.Cut(host, ":")
	if strings.HasSuffix(host, sandboxDomain) {
		return []name.Option{name.Insecure}
	}
	return nil
}

// CheckTag returns an error of one line for a version that cannot be an image's tag.
func CheckTag(version string) error {
	if !tagPattern.MatchString(version) {
		return fmt.Errorf("version %q: is no image tag: write letters, digits, '_', '.' and '-', at most 128, the first no '.' or '-'", version)
	}
	return nil
}
