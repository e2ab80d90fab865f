package pipeline

import (
	"encoding/json"
	"path"
	"regexp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/exit"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/manifest"
	"github.com/slipway-cd/slipway/ci/report"
)

// shipped is one image of the application.
type shipped struct {
	description.Image
	repository image.Repository
	digest     string // by build: tested and shipped under this digest
	earlier    bool   // by build: an earlier run has built and released it
}

// imagesOf returns the application's images, not built yet, and where each is pushed: the
// first to the repository that is given, others beside it.
func imagesOf(app description.Application, given string) ([]shipped, error) {
	var out []shipped
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
			if other.repository == repository {
				return nil, exit.Usagef("images: %s and %s would both be pushed to %s: give one of them a repository of its own", other.Name, described.Name, repository)
			}
		}
		out = append(out, shipped{Image: described, repository: repository, digest: noDigest})
	}
	return out, nil
}

// inOverlays is how the images replace those that the overlays name.
func inOverlays(images []shipped) []manifest.Image {
	var out []manifest.Image
	for _, i := range images {
		out = append(out, manifest.Image{Name: i.Name, Repository: i.repository.String(), Digest: i.digest})
	}
	return out
}

// recall takes the digests of the images from a release's objects. An image that the release
// did not have stays without.
func (r *Run) recall(objects []*unstructured.Unstructured) error {
	text, err := json.Marshal(objects)
	if err != nil {
		return err
	}
	for n, i := range r.images {
		pinned := regexp.MustCompile(`"` + regexp.QuoteMeta(i.repository.String()) + `@(sha256:[0-9a-f]{64})"`)
		if found := pinned.FindSubmatch(text); found != nil {
			r.images[n].digest = string(found[1])
		}
	}
	return nil
}

// tellDigests puts what was built, or is rolled back to, into the report.
func (r *Run) tellDigests() {
	r.report.Digest, r.report.Images = r.images[0].digest, nil
	for _, i := range r.images {
		if i.digest != noDigest {
			r.report.Images = append(r.report.Images, report.Image{Name: i.Name, Repository: i.repository.String(), Digest: i.digest})
		}
	}
}
