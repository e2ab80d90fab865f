// Package materials is what an image is made of, as the engine that built it tells: its base images, its SBOM by Syft, and what Grype
// finds in that; and the digests of the tests' images. It does not know what is signed of it, nor what is not to be released.
package materials

import (
	"context"
	"io/fs"
	"time"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/builder"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/vulnerability"
)

// Materials are what the engine knows of what it built. It is asked while the beta is tested, and waited for at the release.
type Materials struct {
	Started, Finished time.Time // when it was built
	Images            []Contents
	Suites            []string // digests of the functional tests: of their images, and of how these are run
	asking            errgroup.Group
}

// Contents are what an image is made of.
type Contents struct {
	Bases []evidence.Base
	SBOMs [][]byte // of each platform; nil where none is wanted
	Scans []vulnerability.Scan
}

// Source is what is asked about.
type Source struct {
	Builder builder.Builder
	Tree    fs.FS // the application's repository
	Scan    bool  // for known vulnerabilities, too
}

// Ask starts to ask the engine about the images and their variants.
func (m *Materials) Ask(ctx context.Context, s Source, variants [][]*dagger.Container) {
	ctx = context.WithoutCancel(ctx) // the stage ends before
	m.Images, m.Suites = make([]Contents, len(variants)), make([]string, len(s.Builder.App.Tests.Functional))
	for n, platforms := range variants {
		bases := s.Builder.App.Images[n].Bases(s.Tree)
		m.Images[n] = Contents{make([]evidence.Base, len(bases)), make([][]byte, len(platforms)), make([]vulnerability.Scan, len(platforms))}
		for k, container := range platforms {
			m.Go(func() (err error) {
				list := s.contentsOf(container)
				if m.Images[n].SBOMs[k], err = s.listContents(ctx, list); err != nil || !s.Scan {
					return err
				}
				m.Images[n].Scans[k], err = s.scan(ctx, s.Builder.App.Images[n].Name, list)
				return err
			})
		}
		for k, reference := range bases {
			m.Go(func() (err error) {
				m.Images[n].Bases[k], err = s.resolve(ctx, reference)
				return err
			})
		}
	}
	for n, suite := range s.Builder.App.Tests.Functional {
		m.Go(func() (err error) {
			if m.Suites[n], err = s.Builder.SuiteDigest(ctx, suite); err != nil {
				return s.Builder.Engine.Failure("the digest of the tests' image", err)
			}
			return nil
		})
	}
}

// Go asks one more question.
func (m *Materials) Go(ask func() error) { m.asking.Go(ask) }

// Wait waits for the engine's answers. It is interrupted, which the questions are not: the list of a large image takes long.
func (m *Materials) Wait(ctx context.Context) error {
	answered := make(chan error, 1)
	go func() { answered <- m.asking.Wait() }()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
