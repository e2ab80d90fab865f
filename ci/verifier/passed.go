package verifier

import (
	"context"
	"slices"
	"time"

	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
)

// Passed returns results of the last of some suites that passed for all images, by the word of an accepted signer and at most maxAge
// ago, under the conditions that are wanted; nil if not all are known to have.
func (v Verifier) Passed(ctx context.Context, accepted evidence.Accepted, wanted []evidence.Suite, maxAge time.Duration) (*attest.Tests, error) {
	var by attest.Tests
	for _, i := range v.Images {
		found, err := attest.Find(ctx, v.Registry, i.Repo, i.Digest, accepted)
		if err != nil {
			return nil, err
		}
		passed, _ := found.Tests(v.Application, maxAge, time.Now())
		for _, one := range wanted {
			same := slices.IndexFunc(passed, func(of attest.Tests) bool {
				return of.Stage == one.Stage && of.Suite.Name == one.Name && slices.Equal(of.Command, one.Command) &&
					of.Overlay == one.Overlay && of.Cluster == one.Cluster && of.Image == one.Image
			})
			if same < 0 {
				return nil, nil
			}
			by = passed[same]
		}
	}
	return &by, nil
}
