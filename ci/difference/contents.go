package difference

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/image"
	"github.com/slipway-cd/slipway/ci/sbom"
)

// Contents are how the packages of one image differ.
type Contents struct {
	Name     string        `json:"name"` // as the overlays write it
	From     string        `json:"from"` // digest; empty: the release did not have it
	To       string        `json:"to"`
	Packages []sbom.Change `json:"packages"`
	Error    string        `json:"error,omitempty"`

	// Unverified tells that nobody is known whose word would count for a release: its list was read whoever signed it.
	Unverified bool `json:"unverified,omitempty"`
}

// contentsBetween compares the packages of one image.
func contentsBetween(ctx context.Context, registry *image.Registry, instance *evidence.Sigstore, former, later side, n int) Contents {
	out := Contents{Name: former.images[n].Name, Packages: []sbom.Change{}}
	for i, one := range []side{former, later} {
		digest := one.images[n].Digest
		if digest == artifact.NoDigest || digest == "" {
			out.Error = one.deploy.Version + " did not have it, or its digest is not known"
			continue
		}
		*[]*string{&out.From, &out.To}[i] = digest
	}
	if out.Error != "" || out.From == out.To {
		return out
	}
	var lists [2]sbom.Packages
	for i, one := range []side{former, later} {
		accepted := one.accepted(instance)
		out.Unverified = out.Unverified || accepted.Unsigned
		var err error
		if lists[i], err = packagesOf(ctx, registry, one.images[n], accepted); err != nil {
			out.Error = fmt.Sprintf("%s: %v", one.deploy.Version, err)
			return out
		}
	}
	out.Packages = sbom.Compare(lists[0], lists[1])
	return out
}

// accepted is who signed the evidence by which the release was verified. Where that is not recorded, anybody counts: nothing is
// decided by what is read.
func (s side) accepted(instance *evidence.Sigstore) evidence.Accepted {
	if s.release != nil && s.release.Identity != (records.Identity{}) {
		return evidence.Accepted{Identities: []evidence.Identity{{Issuer: s.release.Identity.Issuer, Subject: s.release.Identity.Subject}}, Sigstore: instance}
	}
	if s.release != nil && s.release.Key != "" {
		if key, err := evidence.ParsePublicKey([]byte(s.release.Key)); err == nil {
			return evidence.Accepted{Keys: []evidence.PublicKey{key}}
		}
	}
	return evidence.Accepted{Unsigned: true}
}

var errNoSBOM = errors.New("it has no SBOM")

// packagesOf are the packages of an image, of all its platforms.
func packagesOf(ctx context.Context, registry *image.Registry, i artifact.Image, accepted evidence.Accepted) (sbom.Packages, error) {
	variants := []image.Variant{{Digest: i.Digest}}
	if len(i.Platforms) > 0 {
		var err error
		if variants, err = registry.Variants(ctx, i.Repo, i.Digest); err != nil {
			return nil, err
		}
	}
	out := sbom.Packages{}
	for _, variant := range variants {
		found, err := attest.Find(ctx, registry, i.Repo, variant.Digest, accepted)
		if err != nil {
			return nil, err
		}
		lists := found.Of(evidence.SBOM)
		if len(lists) == 0 {
			return nil, noSBOM(found)
		}
		if err := out.Add(lists[0].Predicate); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// noSBOM says why there is none that counts.
func noSBOM(found attest.Found) error {
	for _, refused := range found.Refused {
		if refused.Kind == evidence.SBOM {
			return fmt.Errorf("%s: %w", evidence.SBOM, refused.Why)
		}
	}
	return errNoSBOM
}
