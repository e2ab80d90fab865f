package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/signingkey"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/exit"
)

// Vouching says who signs what a run knows of its images, and whose word counts for a deploy.
type Vouching struct {
	Signer     evidence.Signer    // nil: a key that is kept in the build namespace
	Accepted   evidence.Accepted  // none: who signs
	Sigstore   *evidence.Sigstore // by which certificates are known
	NoToken    error              // why this job cannot sign keyless, as it should; nil where it can
	Reuse      bool               // results of the same functional tests stand for those of this run
	Without    bool               // production takes images for which nobody vouches
	Repository string             // URL of the source, without credentials; empty where it is not known
}

// checkSigner refuses a run whose own evidence would not count.
func (o Options) checkSigner() error {
	if o.Evidence.Signer == nil && !o.Evidence.Accepted.None() && !o.Evidence.Without {
		return exit.Usagef("evidence: accepted is %s, and nothing signs as one of them: give --sign-key or --keyless", o.Evidence.Accepted)
	}
	return nil
}

// signer is who signs: the one that is given, else the key that is kept in the build namespace.
func (r *Run) signer(ctx context.Context) (evidence.Signer, error) {
	if r.opts.Evidence.Signer != nil {
		return r.opts.Evidence.Signer, nil
	}
	content, err := signingkey.GetOrMake(ctx, r.env.Build, r.opts.BuildNamespace, evidence.GenerateKey)
	if err != nil {
		return nil, err
	}
	return r.keptKey(content)
}

func (r *Run) keptKey(content []byte) (*evidence.Key, error) {
	key, err := evidence.ParseKey(content, "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w; delete it, and the next run makes another", managed.Name("Secret", r.opts.BuildNamespace, signingkey.Name), err)
	}
	return key, nil
}

// known is who signed the evidence of a release: a key or an identity, nobody where several counted.
type known struct {
	key      string // public, in PEM
	identity records.Identity
}

// onlyOne is the one signer that is accepted.
func onlyOne(accepted evidence.Accepted) known {
	by := accepted.Identity()
	return known{accepted.Key(), records.Identity{Issuer: by.Issuer, Subject: by.Subject}}
}

// accepted are the signers whose word counts: those that are given, else who signs. before is who signed the evidence of a release
// that was verified before: that takes no token of a job that only goes back to it.
func (r *Run) accepted(ctx context.Context, before known) (evidence.Accepted, error) {
	given := r.opts.Evidence
	_, keyless := given.Signer.(*evidence.Keyless)
	switch {
	case !given.Accepted.None():
		return given.Accepted, nil
	case before.identity != records.Identity{} && (given.Signer == nil || keyless):
		by := evidence.Identity{Issuer: before.identity.Issuer, Subject: before.identity.Subject}
		return evidence.Accepted{Identities: []evidence.Identity{by}, Sigstore: given.Sigstore}, nil
	case before.key != "" && (given.Signer == nil || keyless):
		key, err := evidence.ParsePublicKey([]byte(before.key))
		return evidence.Accepted{Keys: []evidence.PublicKey{key}}, err
	case given.Signer != nil:
		return evidence.By(ctx, given.Signer)
	case r.env.Build == nil:
		return evidence.Accepted{}, nil
	}
	content, err := signingkey.Get(ctx, r.env.Build, r.opts.BuildNamespace)
	if err != nil || content == nil {
		return evidence.Accepted{}, err
	}
	key, err := r.keptKey(content)
	if err != nil {
		return evidence.Accepted{}, err
	}
	return evidence.By(ctx, key)
}

// checkIdentity refuses what is signed keyless where a deploy that follows would not take it: who signs is known only by its
// certificate. A run that ends before may sign as somebody else, for example for a pull request.
func (r *Run) checkIdentity(ctx context.Context, signer evidence.Signer) error {
	keyless, ok := signer.(*evidence.Keyless)
	accepted := r.opts.Evidence.Accepted
	if !ok || accepted.None() || r.opts.Evidence.Without || !Reaches(r.opts.Until, "deploy") {
		return nil
	}
	by, err := keyless.Identity(ctx)
	if err == nil && !accepted.Takes(by) {
		err = exit.Usagef("--keyless: this job signs as %s, and the application accepts %s: add it to evidence.identities", by, accepted)
	}
	return err
}

// checkSigningKey refuses a beta that names the Secret with the key: its pods could sign what they like.
func checkSigningKey(beta []*unstructured.Unstructured) error {
	for _, object := range beta {
		text, err := json.Marshal(object)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), `"`+signingkey.Name+`"`) {
			return exit.Usagef("--beta-overlay: %s names Secret %s, which holds the key that signs evidence and is for nobody else", managed.Describe(object), signingkey.Name)
		}
	}
	return nil
}
