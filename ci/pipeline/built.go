package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"strings"
	"time"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/vulnerability"
)

// built is what the engine knows of what it built. It is asked while the beta is tested, and waited for at the release.
type built struct {
	started, finished time.Time
	images            []contents
	suites            []string // digests of the images of the functional tests
	asking            errgroup.Group
}

// contents are what an image is made of.
type contents struct {
	bases []evidence.Base
	sboms [][]byte // of each platform
	scans []vulnerability.Scan
}

// askBuilt starts to ask the engine about the images and their variants.
func (r *Run) askBuilt(ctx context.Context, started time.Time, variants [][]*dagger.Container) {
	ctx = context.WithoutCancel(ctx) // the stage ends before
	b := &r.proof.built
	b.started, b.finished = started, time.Now()
	if !r.attests() && !r.scans() {
		return
	}
	b.images, b.suites = make([]contents, len(variants)), make([]string, len(r.app.Tests.Functional))
	for n, platforms := range variants {
		bases := r.images[n].Bases(r.env.Tree)
		b.images[n] = contents{make([]evidence.Base, len(bases)), make([][]byte, len(platforms)), make([]vulnerability.Scan, len(platforms))}
		for m, container := range platforms {
			b.asking.Go(func() (err error) {
				list := r.contentsOf(container)
				if b.images[n].sboms[m], err = r.listContents(ctx, list); err != nil || !r.scans() {
					return err
				}
				b.images[n].scans[m], err = r.scan(ctx, r.images[n].Name, list)
				return err
			})
		}
		for m, reference := range bases {
			b.asking.Go(func() (err error) {
				b.images[n].bases[m], err = r.resolve(ctx, reference)
				return err
			})
		}
	}
	for n, suite := range r.app.Tests.Functional {
		b.asking.Go(func() (err error) {
			if b.suites[n], err = r.builder().Suite(suite).Rootfs().Digest(ctx); err != nil {
				return r.env.Engine.Failure("the digest of the tests' image", err)
			}
			return nil
		})
	}
}

// wait waits for the engine's answers. It is interrupted, which the questions are not: the list of a large image takes long.
func (b *built) wait(ctx context.Context) error {
	answered := make(chan error, 1)
	go func() { answered <- b.asking.Wait() }()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// attests reports whether the run leaves evidence: a run whose word would not count does so if it does not release anything.
func (r *Run) attests() bool {
	return Reaches(r.opts.Until, "functional") && r.opts.checkSigner() == nil
}

// resolve finds the digest of a published image, as the engine took it.
func (r *Run) resolve(ctx context.Context, reference string) (evidence.Base, error) {
	found, err := r.env.Engine.Image(reference).ImageRef(ctx)
	if err != nil {
		return evidence.Base{}, r.env.Engine.Failure("the digest of "+reference, err)
	}
	_, digest, _ := strings.Cut(found, "@")
	return evidence.Base{Reference: reference, Digest: digest}, nil
}

// scanned is where the container that lists an image's contents finds them, and listed where it leaves the list.
const scanned, listed = "/image", "/sbom.json"

// contentsOf has syft list what an image contains, in CycloneDX, once it is asked for. The engine keeps the list of an image that
// it has listed before. It is what is installed that counts, not what lock files declare; as another user than root it would leave
// out silently what it may not read.
func (r *Run) contentsOf(container *dagger.Container) *dagger.File {
	return r.env.Engine.Image(r.app.Evidence.SBOM).
		WithMountedDirectory(scanned, container.Rootfs()).
		WithEnvVariable("SYFT_CHECK_FOR_APP_UPDATE", "false").
		WithEnvVariable("SYFT_CACHE_TTL", "0").
		WithEnvVariable("SYFT_FILE_METADATA_SELECTION", "none").
		WithExec([]string{"/syft", "scan", "dir:" + scanned, "--quiet", "--override-default-catalogers", "image", "--source-name", r.app.Name, "--output", "cyclonedx-json@1.6"},
			dagger.ContainerWithExecOpts{RedirectStdout: listed}).
		File(listed)
}

// listContents returns the SBOM; nil where none is wanted.
func (r *Run) listContents(ctx context.Context, list *dagger.File) ([]byte, error) {
	if r.app.Evidence.SBOM == description.NoSBOM {
		return nil, nil
	}
	text, err := list.Contents(ctx)
	if err != nil {
		failure := r.env.Engine.Failure("no SBOM can be made by "+r.app.Evidence.SBOM, err)
		failure.Try = "name an image of syft that the engine can pull in .slipway.yaml, as evidence.sbom; `none` makes no SBOM"
		return nil, failure
	}
	if !json.Valid([]byte(text)) {
		return nil, errors.New("the SBOM that " + r.app.Evidence.SBOM + " made is no JSON")
	}
	return []byte(text), nil
}

// keepSBOM writes an SBOM beside the reports.
func (r *Run) keepSBOM(i artifact.Image, platform string, list []byte) error {
	name := "sbom"
	if len(r.images) > 1 {
		name += "-" + path.Base(i.Name)
	}
	if platform != "" {
		name += "-" + strings.ReplaceAll(platform, "/", "-")
	}
	return r.env.Dir.Keep(name+".cdx.json", list)
}
