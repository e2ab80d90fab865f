// Package evidence makes, signs and verifies what is known of an image: its contents, how it was built, and which
// tests it passed. Each is a statement of the in-toto framework about the image's digest, in a bundle of Sigstore, which
// cosign and others read. It knows neither the registry that keeps a bundle nor the run that it tells of.
package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// Kind is what a statement is about: the type of its predicate.
type Kind string

// The kinds of statements.
const (
	SBOM       Kind = "https://cyclonedx.org/bom"                       // https://cyclonedx.org/specification/overview/
	Provenance Kind = "https://slsa.dev/provenance/v1"                  // https://slsa.dev/spec/v1.2/build-provenance
	Tests      Kind = "https://in-toto.io/attestation/test-result/v0.1" // https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
	Signature  Kind = "https://sigstore.dev/cosign/sign/v1"             // says nothing but that its signer signed: what `cosign verify` looks for
	payload         = "application/vnd.in-toto+json"                    // https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md
	bundled         = "application/vnd.dev.sigstore.bundle.v0.3+json"   // https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
)

// String names the kind in a message.
func (k Kind) String() string {
	switch k {
	case SBOM:
		return "SBOM"
	case Provenance:
		return "provenance"
	case Tests:
		return "test results"
	case Signature:
		return "signature"
	}
	return string(k)
}

// Subject is an image.
type Subject struct {
	Name   string // its repository
	Digest string // sha256:...
}

// Statement says something of one or more images
// (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md). Its predicate stays as it is: that of an SBOM
// may be large.
type Statement struct {
	Type          string          `json:"_type"`
	Subject       []subject       `json:"subject"`
	PredicateType Kind            `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

func newStatement(kind Kind, predicate []byte, about ...Subject) (*Statement, error) {
	if !json.Valid(predicate) || predicate[0] != '{' {
		return nil, fmt.Errorf("%s: it is no JSON object", kind)
	}
	made := &Statement{Type: intoto.StatementTypeUri, PredicateType: kind, Predicate: predicate}
	for _, image := range about {
		made.Subject = append(made.Subject, subject{image.Name, digestSet(image.Digest)})
	}
	return made, nil
}

// NewSBOM is the statement that a CycloneDX document in JSON lists what the image contains.
func NewSBOM(document []byte, about Subject) (*Statement, error) {
	return newStatement(SBOM, bytes.TrimSpace(document), about)
}

// NewSignature is the statement by which a signer signs the images themselves.
func NewSignature(about ...Subject) (*Statement, error) {
	return newStatement(Signature, []byte("{}"), about...)
}

// Lasts reports whether the statement says the same each time that it is made: others tell of one run.
func (s *Statement) Lasts() bool { return s.PredicateType == SBOM || s.PredicateType == Signature }

// is reports whether the digest is one of those that the statement is about.
func (s *Statement) is(digest string) bool {
	algorithm, hex, _ := strings.Cut(digest, ":")
	return slices.ContainsFunc(s.Subject, func(image subject) bool { return hex != "" && image.Digest[algorithm] == hex })
}

func parseStatement(content []byte) (*Statement, error) {
	read := &Statement{}
	if err := json.Unmarshal(content, read); err != nil {
		return nil, fmt.Errorf("it is no in-toto statement: %w", err)
	}
	if read.Type != intoto.StatementTypeUri {
		return nil, fmt.Errorf("it is no in-toto statement, but %q", read.Type)
	}
	return read, nil
}

// lenient reads predicates: what a newer version has added is no error.
var lenient = protojson.UnmarshalOptions{DiscardUnknown: true}

// digestSet is a digest as statements write it.
func digestSet(digest string) map[string]string {
	algorithm, hex, found := strings.Cut(digest, ":")
	if !found {
		return nil
	}
	return map[string]string{algorithm: hex}
}

// annotated puts values into a descriptor's annotations.
func annotated(values map[string]any) (*structpb.Struct, error) {
	text, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	out := &structpb.Struct{}
	return out, protojson.Unmarshal(text, out)
}
