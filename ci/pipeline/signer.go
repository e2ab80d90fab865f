package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/signingkey"
	"github.com/slipway-cd/slipway/ci/evidence"
)

// Vouching says who signs what a run knows of its images, and whose word counts for a deploy.
type Vouching struct {
	Signer     evidence.Signer   // nil: a key that is kept in the build namespace
	Accepted   evidence.Accepted // none: who signs
	Reuse      bool              // results of the same functional tests stand for those of this run
	Without    bool              // production takes images for which nobody vouches
	Repository string            // URL of the source, without credentials; empty where it is not known
}

// checkSigner refuses a run whose own evidence would not count.
func (o Options) checkSigner() error {
	if o.Evidence.Signer == nil && !o.Evidence.Accepted.None() && !o.Evidence.Without {
		return Usage("evidence.keys: accepted is %s, and nothing signs as one of them: give --sign-key", o.Evidence.Accepted)
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

// accepted are the signers whose word counts: those that are given, else who signs. known is the key by which a release was
// verified before, empty for none.
func (r *Run) accepted(ctx context.Context, known string) (evidence.Accepted, error) {
	given := r.opts.Evidence
	switch {
	case !given.Accepted.None():
		return given.Accepted, nil
	case given.Signer != nil:
		return evidence.By(given.Signer), nil
	case known != "":
		key, err := evidence.ParsePublicKey([]byte(known))
		return evidence.Accepted{Keys: []evidence.PublicKey{key}}, err
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
	return evidence.By(key), nil
}

// checkSigningKey refuses a beta that names the Secret with the key: its pods could sign what they like.
func checkSigningKey(beta []*unstructured.Unstructured) error {
	for _, object := range beta {
		text, err := json.Marshal(object)
		if err != nil {
			return err
		}
		if strings.Contains(string(text), `"`+signingkey.Name+`"`) {
			return Usage("--beta-overlay: %s names Secret %s, which holds the key that signs evidence and is for nobody else", managed.Describe(object), signingkey.Name)
		}
	}
	return nil
}
