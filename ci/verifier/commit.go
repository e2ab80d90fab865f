package verifier

import (
	"context"
	"fmt"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/commits"
	"github.com/slipway-cd/slipway/ci/evidence"
)

// OfCommit returns nil if somebody whose word counts says that an image was built of exactly this commit, and of type *artifact.Another
// if not.
func (v Verifier) OfCommit(ctx context.Context, counting func(context.Context) (evidence.Accepted, error), i artifact.Image, commit string) error {
	accepted, err := counting(ctx)
	if err != nil {
		return err
	}
	if accepted.None() {
		return &artifact.Another{Why: errNobody}
	}
	found, err := attest.Find(ctx, v.Registry, i.Repo, i.Digest, accepted)
	if err != nil {
		return err
	}
	another := &artifact.Another{}
	for _, refused := range found.Refused {
		if refused.Kind == evidence.Provenance {
			another.Why = fmt.Errorf("%s: %w", refused.Kind, refused.Why)
		}
	}
	for _, provenance := range found.Of(evidence.Provenance) {
		built, err := provenance.Built()
		switch {
		case err != nil:
			another.Why = fmt.Errorf("%s: %w", evidence.Provenance, err)
		case built.Commit == "":
			another.Why = fmt.Errorf("%s: it names no commit", evidence.Provenance)
		case built.Commit != commit:
			another.What = fmt.Sprintf("an image of commit %s, and this one is %s", commits.Short(built.Commit), commits.Short(commit))
		case built.Dirty:
			another.What = "an image of this commit with changes that it does not have"
		default:
			return nil
		}
	}
	return another
}
