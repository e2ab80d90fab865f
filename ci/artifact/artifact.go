// Package artifact is what a run ships: the images of an application, where each is pushed, its digest, and the tags that it has
// there. It does not know how an image is built, nor where it is deployed.
package artifact

import (
	"encoding/json"
	"path"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
)

// Image is one image of the application.
type Image struct {
	description.Image
	Repo    image.Repository
	Digest  string // by build: tested and shipped under this digest
	Earlier bool   // by build: an earlier run has built and released it
}

// NoDigest is the digest of an image that is not built yet.
var NoDigest = "sha256:" + strings.Repeat("0", 64)

// Of returns the application's images, not built yet, and where each is pushed: the
// first to the repository that is given, others beside it.
func Of(app description.Application, given string) ([]Image, error) {
	var out []Image
	for i, described := range app.Images {
		at := described.Repository
		switch {
		case at != "":
		case i == 0:
			at = given
		default:
			at = given + "-" + path.Base(described.Name)
		}
		repository, err := image.ParseRepository(at)
		if err != nil && described.Repository != "" {
			return nil, exit.Usagef("images: %s: repository: %w", described.Name, err)
		}
		if err != nil {
			return nil, exit.Usagef("--image: %w", err)
		}
		for _, other := range out {
			if other.Repo == repository {
				return nil, exit.Usagef("images: %s and %s would both be pushed to %s: give one of them a repository of its own", other.Name, described.Name, repository)
			}
		}
		out = append(out, Image{Image: described, Repo: repository, Digest: NoDigest})
	}
	return out, nil
}

// Recall takes the digests of the images from a release's objects. An image that the release
// did not have stays without.
func Recall(images []Image, objects []*unstructured.Unstructured) error {
	text, err := json.Marshal(objects)
	if err != nil {
		return err
	}
	for n, i := range images {
		pinned := regexp.MustCompile(`"` + regexp.QuoteMeta(i.Repo.String()) + `@(sha256:[0-9a-f]{64})"`)
		if found := pinned.FindSubmatch(text); found != nil {
			images[n].Digest = string(found[1])
		}
	}
	return nil
}
