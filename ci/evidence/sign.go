package evidence

import (
	"context"
	"encoding/json"
	"fmt"

	bundles "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"google.golang.org/protobuf/encoding/protojson"
)

// Signer signs statements.
type Signer interface {
	// Sign returns the statement in a form that is attached to its images.
	Sign(ctx context.Context, statement *Statement) (Document, error)
	// String names the signer in reports.
	String() string
}

// Document is a statement as a registry keeps it.
type Document struct {
	Type        string // its media type
	Annotations map[string]string
	Content     []byte
	Digest      string // of what holds it in the registry, where it comes from there
	Odd         error  // why it could not be read there
}

// Kind is what the document says it is about, by its statement; where that cannot be read by its annotation, which nobody signs.
// Nothing of it is verified. One of another kind than those above is somebody else's, whatever it is.
func (d Document) Kind() Kind {
	text, enclosing := d.Content, &bundles.Bundle{}
	if d.Type == bundled && lenient.Unmarshal(d.Content, enclosing) == nil {
		text = enclosing.GetDsseEnvelope().GetPayload()
	}
	var said struct {
		PredicateType Kind `json:"predicateType"`
	}
	if json.Unmarshal(text, &said) == nil && said.PredicateType != "" {
		return said.PredicateType
	}
	return Kind(d.Annotations[predicateAnnotation])
}

// Types are the media types of documents.
func Types() []string { return []string{bundled, payload} }

// Annotations by which cosign finds a bundle without reading it.
const (
	contentAnnotation   = "dev.sigstore.bundle.content"
	predicateAnnotation = "dev.sigstore.bundle.predicateType"
)

// Sign signs with the key.
func (k *Key) Sign(ctx context.Context, statement *Statement) (Document, error) {
	return sealed(ctx, statement, k, sign.BundleOptions{})
}

// String names the key.
func (k *Key) String() string { return k.public.String() }

func sealed(ctx context.Context, statement *Statement, key sign.Keypair, options sign.BundleOptions) (Document, error) {
	content, err := json.Marshal(statement)
	if err != nil {
		return Document{}, err
	}
	options.Context = ctx
	signed, err := sign.Bundle(&sign.DSSEData{Data: content, PayloadType: payload}, key, options)
	if err != nil {
		return Document{}, fmt.Errorf("sign %s: %w", statement.PredicateType, err)
	}
	text, err := protojson.Marshal(signed)
	annotations := map[string]string{contentAnnotation: "dsse-envelope", predicateAnnotation: string(statement.PredicateType)}
	return Document{Type: bundled, Annotations: annotations, Content: text}, err
}

// Unsigned leaves statements unsigned: anybody who may write to the registry can make them.
type Unsigned struct{}

// Sign returns the bare statement.
func (Unsigned) Sign(_ context.Context, statement *Statement) (Document, error) {
	content, err := json.Marshal(statement)
	return Document{Type: payload, Annotations: map[string]string{predicateAnnotation: string(statement.PredicateType)}, Content: content}, err
}

// String tells that there is no signer.
func (Unsigned) String() string { return "nobody" }
