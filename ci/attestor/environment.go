package attestor

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
)

// Environment is where a version was tested after its deploy.
type Environment struct {
	Name    string
	Stage   string // in which its tests ran
	Cluster string // and namespace
}

// AttestPassed signs that the images passed the tests in an environment, and attaches it.
func (a Attestor) AttestPassed(ctx context.Context, signer evidence.Signer, images []artifact.Image, known *Proof, in Environment) error {
	var attaching errgroup.Group
	for _, i := range images {
		attaching.Go(func() error {
			var statements []*evidence.Statement
			for _, results := range known.suites {
				if results.Stage != in.Stage {
					continue
				}
				results.Stage, results.Environment, results.Cluster, results.URL = evidence.Production, in.Name, in.Cluster, a.Run.URL
				passed, err := evidence.NewTests(results, evidence.Subject{Name: i.Repo.String(), Digest: i.Digest})
				if err != nil {
					return err
				}
				statements = append(statements, passed)
			}
			return attest.Attach(ctx, a.Registry, i.Repo, i.Digest, signer, statements...)
		})
	}
	return attaching.Wait()
}
