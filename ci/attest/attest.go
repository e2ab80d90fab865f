// Package attest keeps evidence beside the images in their registry, and finds it there. It does not know how a statement is
// made or signed, nor what a run does with it.
package attest

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/image"
)

// created is the time of a document, by the name that registries know
// (https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md).
const created = "org.opencontainers.image.created"

// Attach signs statements about the digest and attaches them to it. What says the same as what the signer has attached before
// (its signature, an SBOM) is not attached again: a commit that is built again has the same digest.
func Attach(ctx context.Context, registry *image.Registry, repo image.Repository, digest string, signer evidence.Signer, statements ...*evidence.Statement) error {
	there, err := attached(ctx, registry, repo, digest)
	if err != nil {
		return err
	}
	own, err := evidence.By(ctx, signer)
	if err != nil {
		return err
	}
	var news []*evidence.Statement
	for _, statement := range statements {
		if statement.Lasts() && slices.ContainsFunc(there, func(found evidence.Document) bool {
			verified, err := own.Verify(found, digest)
			return err == nil && verified.PredicateType == statement.PredicateType
		}) {
			continue
		}
		news = append(news, statement)
	}
	documents := make([]*image.Attachment, len(news))
	var signing errgroup.Group // side by side: a log answers when it has published an entry, which takes it seconds
	for n, statement := range news {
		signing.Go(func() error {
			signed, err := signer.Sign(ctx, statement)
			if err != nil {
				return err
			}
			signed.Annotations[created] = time.Now().UTC().Format(time.RFC3339)
			documents[n] = &image.Attachment{Type: signed.Type, Annotations: signed.Annotations, Content: signed.Content}
			return nil
		})
	}
	if err := signing.Wait(); err != nil {
		return err
	}
	return registry.Attach(ctx, repo, digest, documents...)
}

// attached returns the documents of evidence that are attached to a digest.
func attached(ctx context.Context, registry *image.Registry, repo image.Repository, digest string) ([]evidence.Document, error) {
	var out []evidence.Document
	found, err := registry.Attachments(ctx, repo, digest, evidence.Types()...)
	for _, document := range found {
		out = append(out, evidence.Document{Type: document.Type, Annotations: document.Annotations, Content: document.Content, Digest: document.Digest, Odd: document.Odd})
	}
	return out, err
}
