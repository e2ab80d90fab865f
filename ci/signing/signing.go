// Package signing finds who signs what a run knows of its images, and whose word counts for a deploy. It does not know what is
// signed, nor where that is kept.
package signing

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/signingkey"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/exit"
)

// Vouching says who signs what a run knows of its images, and whose word counts for a deploy.
type Vouching struct {
	By         evidence.Signer    // nil: a key that is kept in the build namespace
	Accepted   evidence.Accepted  // none: who signs
	Sigstore   *evidence.Sigstore // by which certificates are known
	NoToken    error              // why this job cannot sign keyless, as it should; nil where it can
	Reuse      bool               // results of the same functional tests stand for those of this run
	Without    bool               // production takes images for which nobody vouches
	Repository string             // URL of the source, without credentials; empty where it is not known
}

// Check refuses a run whose own evidence would not count.
func (v Vouching) Check() error {
	if v.By == nil && !v.Accepted.None() && !v.Without {
		return exit.Usagef("evidence: accepted is %s, and nothing signs as one of them: give --sign-key or --keyless", v.Accepted)
	}
	return nil
}

// Namespace is where a key is kept for who names no signer.
type Namespace struct {
	In   *cluster.Cluster // nil: a run that has no credentials for it
	Name string
}

// Signer is who signs: the one that is given, else the key that is kept in the build namespace.
func (v Vouching) Signer(ctx context.Context, build Namespace) (evidence.Signer, error) {
	if v.By != nil {
		return v.By, nil
	}
	content, err := signingkey.GetOrMake(ctx, build.In, build.Name, evidence.GenerateKey)
	if err != nil {
		return nil, err
	}
	return build.keptKey(content)
}

func (n Namespace) keptKey(content []byte) (*evidence.Key, error) {
	key, err := evidence.ParseKey(content, "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w; delete it, and the next run makes another", managed.Name("Secret", n.Name, signingkey.Name), err)
	}
	return key, nil
}

// Known is who signed the evidence of a release: a key or an identity, nobody where several counted.
type Known struct {
	Key      string // public, in PEM
	Identity records.Identity
}

// OnlyOne is the one signer that is accepted.
func OnlyOne(accepted evidence.Accepted) Known {
	by := accepted.Identity()
	return Known{accepted.Key(), records.Identity{Issuer: by.Issuer, Subject: by.Subject}}
}

// Counting are the signers whose word counts: those that are given, else who signs. before is who signed the evidence of a release
// that was verified before: that takes no token of a job that only goes back to it.
func (v Vouching) Counting(ctx context.Context, build Namespace, before Known) (evidence.Accepted, error) {
	_, keyless := v.By.(*evidence.Keyless)
	switch {
	case !v.Accepted.None():
		return v.Accepted, nil
	case before.Identity != records.Identity{} && (v.By == nil || keyless):
		by := evidence.Identity{Issuer: before.Identity.Issuer, Subject: before.Identity.Subject}
		return evidence.Accepted{Identities: []evidence.Identity{by}, Sigstore: v.Sigstore}, nil
	case before.Key != "" && (v.By == nil || keyless):
		key, err := evidence.ParsePublicKey([]byte(before.Key))
		return evidence.Accepted{Keys: []evidence.PublicKey{key}}, err
	case v.By != nil:
		return evidence.By(ctx, v.By)
	case build.In == nil:
		return evidence.Accepted{}, nil
	}
	content, err := signingkey.Get(ctx, build.In, build.Name)
	if err != nil || content == nil {
		return evidence.Accepted{}, err
	}
	key, err := build.keptKey(content)
	if err != nil {
		return evidence.Accepted{}, err
	}
	return evidence.By(ctx, key)
}

// Now finds the signers whose word counts for what was not verified before.
func (v Vouching) Now(build Namespace) func(context.Context) (evidence.Accepted, error) {
	return func(ctx context.Context) (evidence.Accepted, error) { return v.Counting(ctx, build, Known{}) }
}

// CheckIdentity refuses what is signed keyless where a deploy that follows would not take it: who signs is known only by its
// certificate. It is not asked for a run that ends before: that may sign as somebody else, for example for a pull request.
func (v Vouching) CheckIdentity(ctx context.Context, signer evidence.Signer) error {
	keyless, ok := signer.(*evidence.Keyless)
	accepted := v.Accepted
	if !ok || accepted.None() || v.Without {
		return nil
	}
	by, err := keyless.Identity(ctx)
	if err == nil && !accepted.Takes(by) {
		err = exit.Usagef("--keyless: this job signs as %s, and the application accepts %s: add it to evidence.identities", by, accepted)
	}
	return err
}

// CheckBeta refuses a beta that names the Secret with the key: its pods could sign what they like.
func CheckBeta(beta []*unstructured.Unstructured) error {
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
