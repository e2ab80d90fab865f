package image

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"
)

// Attachment is a document that is attached to an image, as an OCI 1.1 referrer of its digest
// (https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage).
type Attachment struct {
	Type        string // artifact type: the document's media type, too
	Annotations map[string]string
	Content     []byte
	Digest      string // of its manifest; set by Attach and Attachments
	Odd         error  // by Attachments: why it cannot be read, though the registry answers; anybody who may push can attach such
}

// attachmentLimit bounds what is read of one document.
const attachmentLimit = 64 << 20

// An empty configuration, as the specification gives it.
var (
	emptyConfig     = []byte("{}")
	emptyConfigType = types.MediaType("application/vnd.oci.empty.v1+json")
)

// artifact is a manifest that is pushed as it is.
type artifact struct{ raw []byte }

// RawManifest implements go-containerregistry's remote.Taggable.
func (a artifact) RawManifest() ([]byte, error) { return a.raw, nil }

// MediaType is that of an image.
func (a artifact) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// Attach attaches documents to the digest in repo, one after the other: a registry without the referrers API keeps one list
// of them, which each writes anew. Attach reads the list again, since another run may have written it at the same time, and
// returns only when all documents are found by it. If repo does not have the digest, the error is ErrNotFound.
func (r *Registry) Attach(ctx context.Context, repo Repository, digest string, documents ...*Attachment) error {
	if err := r.connect(); err != nil {
		return explain(ctx, repo.Host(), err)
	}
	at := repo.name.Digest(digest)
	subject, err := r.puller.Head(ctx, at)
	if err != nil {
		return explain(ctx, at.String(), err)
	}
	var uploading errgroup.Group
	for _, document := range documents {
		uploading.Go(func() error {
			return r.pusher.Upload(ctx, repo.name, static.NewLayer(document.Content, types.MediaType(document.Type)))
		})
	}
	uploading.Go(func() error { return r.pusher.Upload(ctx, repo.name, static.NewLayer(emptyConfig, emptyConfigType)) })
	if err := uploading.Wait(); err != nil {
		return explain(ctx, at.String(), err)
	}
	missing := documents
	for range attachTries {
		for _, document := range missing {
			if err := r.refer(ctx, repo, *subject, document); err != nil {
				return explain(ctx, at.String(), err)
			}
		}
		if missing, err = r.unlisted(ctx, repo, digest, documents); err != nil || len(missing) == 0 {
			return err
		}
	}
	return fmt.Errorf("%s: other runs keep writing its list of attached documents, where %d of ours are not found", at, len(missing))
}

// attachTries bounds how often Attach writes what another run's list has lost.
const attachTries = 5

// refer pushes the manifest by which the document refers to its subject.
func (r *Registry) refer(ctx context.Context, repo Repository, subject v1.Descriptor, document *Attachment) error {
	content, size, err := v1.SHA256(bytes.NewReader(document.Content))
	if err != nil {
		return err
	}
	config, configSize, err := v1.SHA256(bytes.NewReader(emptyConfig))
	if err != nil {
		return err
	}
	raw, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		ArtifactType:  document.Type,
		Config:        v1.Descriptor{MediaType: emptyConfigType, Digest: config, Size: configSize},
		Layers:        []v1.Descriptor{{MediaType: types.MediaType(document.Type), Digest: content, Size: size}},
		Annotations:   document.Annotations,
		Subject:       &v1.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
	})
	if err != nil {
		return err
	}
	own, _, err := v1.SHA256(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	document.Digest = own.String()
	return r.pusher.Put(ctx, repo.name.Digest(document.Digest), artifact{raw}) // Push would leave the list alone where the manifest is there
}

// unlisted returns those of the documents that the registry does not list.
func (r *Registry) unlisted(ctx context.Context, repo Repository, digest string, documents []*Attachment) (out []*Attachment, err error) {
	listed, err := r.referrers(ctx, repo, digest)
	if err != nil {
		return nil, explain(ctx, repo.String()+"@"+digest, err)
	}
	there := map[string]bool{}
	for _, descriptor := range listed {
		there[descriptor.Digest.String()] = true
	}
	for _, document := range documents {
		if !there[document.Digest] {
			out = append(out, document)
		}
	}
	return out, nil
}

// Attachments returns the documents of some artifact types that are attached to the digest in repo, none if there are none.
func (r *Registry) Attachments(ctx context.Context, repo Repository, digest string, artifactTypes ...string) ([]Attachment, error) {
	if err := r.connect(); err != nil {
		return nil, explain(ctx, repo.Host(), err)
	}
	listed, err := r.referrers(ctx, repo, digest)
	if err != nil {
		return nil, explain(ctx, repo.String()+"@"+digest, err)
	}
	listed = slices.DeleteFunc(listed, func(d v1.Descriptor) bool {
		// Some registries list an artifact by the type of its configuration.
		return d.ArtifactType != "" && d.ArtifactType != string(emptyConfigType) && !slices.Contains(artifactTypes, d.ArtifactType)
	})
	found := make([]*Attachment, len(listed))
	var reading errgroup.Group
	for i, descriptor := range listed {
		reading.Go(func() (err error) {
			found[i], err = r.attachment(ctx, repo, descriptor.Digest.String(), artifactTypes)
			return err
		})
	}
	if err := reading.Wait(); err != nil {
		return nil, explain(ctx, repo.String()+"@"+digest, err)
	}
	var out []Attachment
	for _, document := range found {
		if document != nil {
			out = append(out, *document)
		}
	}
	return out, nil
}

// referrers lists what refers to a digest, by the registry's API or by the tag that stands in for it.
func (r *Registry) referrers(ctx context.Context, repo Repository, digest string) ([]v1.Descriptor, error) {
	index, err := remote.Referrers(repo.name.Digest(digest), append(r.options, remote.WithContext(ctx))...)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return manifest.Manifests, nil
}

// attachment returns the document of a manifest, whose one layer it is; nil if it is another than what is looked for. Its
// content has the digest that the manifest names.
func (r *Registry) attachment(ctx context.Context, repo Repository, digest string, artifactTypes []string) (*Attachment, error) {
	found, err := r.puller.Get(ctx, repo.name.Digest(digest))
	if isAbsent(err) {
		return &Attachment{Digest: digest, Odd: errors.New("it is listed, and not there")}, nil
	}
	if err != nil {
		return nil, err
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(found.Manifest))
	if err != nil {
		return &Attachment{Digest: digest, Odd: errors.New("its manifest cannot be read")}, nil
	}
	if !slices.Contains(artifactTypes, manifest.ArtifactType) {
		return nil, nil
	}
	out := &Attachment{Type: manifest.ArtifactType, Annotations: manifest.Annotations, Digest: digest}
	switch {
	case len(manifest.Layers) != 1:
		out.Odd = fmt.Errorf("it has %d layers, want 1", len(manifest.Layers))
	case manifest.Layers[0].Size > attachmentLimit:
		out.Odd = errTooLarge
	default:
		err = r.readInto(ctx, repo, out, manifest.Layers[0].Digest)
	}
	return out, err
}

var errTooLarge = fmt.Errorf("it is larger than %d MiB", attachmentLimit>>20)

// readInto reads the content of a document, whatever size its manifest says.
func (r *Registry) readInto(ctx context.Context, repo Repository, out *Attachment, digest v1.Hash) error {
	layer, err := r.puller.Layer(ctx, repo.name.Digest(digest.String()))
	if err != nil {
		return err
	}
	stored, err := layer.Compressed() // the bytes as they are stored, which it verifies
	if isAbsent(err) {
		out.Odd = errors.New("its content is not there")
		return nil
	}
	if err != nil {
		return err
	}
	out.Content, err = io.ReadAll(io.LimitReader(stored, attachmentLimit+1))
	if err == nil && len(out.Content) > attachmentLimit {
		_ = stored.Close() // which finds that not all was read
		out.Content, out.Odd = nil, errTooLarge
		return nil
	}
	return errors.Join(err, stored.Close())
}
