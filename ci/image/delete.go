package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// ErrNoDeletion is the error of a registry that deletes nothing for anybody.
var ErrNoDeletion = errors.New("the registry does not delete")

// Doomed is a manifest that is to be deleted, and what is nothing without it.
type Doomed struct {
	Digest string
	Parts  []string // of an index: those of its manifests that go with it
	Beside []string // manifests under tags that name the digest: a list of what is attached, signatures
}

// Delete deletes a manifest from repo, with what is attached to it and to its parts, but for what is kept; all tags of these go
// with them. The layers stay until the registry collects its garbage. It deletes what is attached first: what
// deletes again after a failure would not find it any more without its subject. It returns how many documents were attached.
// What is not there any more is no error.
func (r *Registry) Delete(ctx context.Context, repo Repository, doomed Doomed, kept func(digest string) bool) (attached int, err error) {
	if err := r.connect(); err != nil {
		return 0, explain(ctx, repo.Host(), err)
	}
	var first []string
	seen := map[string]bool{}
	for _, subject := range slices.Concat(doomed.Parts, []string{doomed.Digest}) {
		refers, err := r.attachedTo(ctx, repo, subject, seen)
		if err != nil {
			return 0, err
		}
		first = append(first, refers...)
	}
	attached = len(first)
	for _, digest := range slices.Concat(first, doomed.Beside, []string{doomed.Digest}, doomed.Parts) {
		if kept(digest) {
			continue
		}
		if err := r.deleteOne(ctx, repo, digest); err != nil {
			return 0, err
		}
	}
	return attached, nil
}

// attachedTo returns what refers to a digest, each after what refers to it. Who writes to a registry may have
// documents refer to each other: each is looked at once.
func (r *Registry) attachedTo(ctx context.Context, repo Repository, digest string, seen map[string]bool) (found []string, err error) {
	seen[digest] = true
	listed, err := r.referrers(ctx, repo, digest)
	if err != nil {
		return nil, explain(ctx, repo.String()+"@"+digest, err)
	}
	for _, descriptor := range listed {
		own := descriptor.Digest.String()
		if seen[own] {
			continue
		}
		deeper, err := r.attachedTo(ctx, repo, own, seen)
		if err != nil {
			return nil, err
		}
		found = append(append(found, deeper...), own)
	}
	return found, nil
}

func (r *Registry) deleteOne(ctx context.Context, repo Repository, digest string) error {
	if _, err := v1.NewHash(digest); err != nil {
		return fmt.Errorf("%s: digest %q: want sha256: and 64 hexadecimal digits", repo, digest)
	}
	err := r.pusher.Delete(ctx, repo.name.Digest(digest))
	switch {
	case err == nil, isAbsent(err):
		return nil
	case deletesNothing(err):
		return fmt.Errorf("%s: %w", repo.Host(), ErrNoDeletion)
	}
	return explain(ctx, repo.String()+"@"+digest, err)
}

// deletesNothing reports whether a registry's answer is that it cannot, or is set not to, delete:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-manifests
func deletesNothing(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusMethodNotAllowed ||
		slices.ContainsFunc(answer.Errors, func(d transport.Diagnostic) bool { return d.Code == transport.UnsupportedErrorCode }))
}
