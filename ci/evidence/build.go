package evidence

import (
	"encoding/json"
	"fmt"
	"time"

	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Build tells how an image was built.
type Build struct {
	Repository string // URL of the source, empty where it is not known
	Commit     string // empty for a source without
	Dirty      bool   // it held something that the commit has not

	Dockerfile, Target, Context string
	Platforms                   []string // none: the engine's own
	Args                        map[string]string
	Bases                       []Base // the images that it was built from

	Engine string // of the builder, with its version
	Vendor string // the CI vendor, empty on somebody's machine
	URL    string // of the vendor's run
	Run    string

	Started, Finished time.Time
}

// Base is an image that another is built from.
type Base struct{ Reference, Digest string }

// Where the words of a provenance are explained.
const (
	buildType = "https://github.com/slipway-cd/slipway/blob/main/docs/evidence.md#provenance"
	builder   = "https://github.com/slipway-cd/slipway"
)

// NewProvenance is the statement how the image was built. It claims no level of SLSA: that depends on where the
// program ran and who could touch it there.
func NewProvenance(b Build, about Subject) (*Statement, error) {
	parameters, err := annotated(map[string]any{
		"source": b.Repository, "dockerfile": b.Dockerfile, "target": b.Target, "context": b.Context, "platforms": b.Platforms, "args": b.Args,
	})
	if err != nil {
		return nil, err
	}
	inside, err := annotated(map[string]any{"engine": b.Engine, "vendor": b.Vendor, "run": b.Run, "url": b.URL})
	if err != nil {
		return nil, err
	}
	source, err := b.source()
	if err != nil {
		return nil, err
	}
	message := &provenance.Provenance{
		BuildDefinition: &provenance.BuildDefinition{BuildType: buildType, ExternalParameters: parameters, InternalParameters: inside, ResolvedDependencies: source},
		RunDetails: &provenance.RunDetails{
			Builder:  &provenance.Builder{Id: builder, Version: map[string]string{"engine": b.Engine}},
			Metadata: &provenance.BuildMetadata{InvocationId: b.invocation(), StartedOn: timestamppb.New(b.Started), FinishedOn: timestamppb.New(b.Finished)},
		},
	}
	for _, base := range b.Bases {
		message.BuildDefinition.ResolvedDependencies = append(message.BuildDefinition.ResolvedDependencies,
			&intoto.ResourceDescriptor{Name: base.Reference, Digest: digestSet(base.Digest)})
	}
	if err := message.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", Provenance, err)
	}
	predicate, err := protojson.Marshal(message)
	if err != nil {
		return nil, err
	}
	return newStatement(Provenance, predicate, about)
}

// source is the commit, and whether the tree held anything else.
func (b Build) source() ([]*intoto.ResourceDescriptor, error) {
	if b.Commit == "" {
		return nil, nil
	}
	clean, err := annotated(map[string]any{"clean": !b.Dirty})
	if err != nil {
		return nil, err
	}
	out := &intoto.ResourceDescriptor{Name: "source", Digest: map[string]string{"gitCommit": b.Commit}, Annotations: clean}
	if b.Repository != "" {
		out.Uri = "git+" + b.Repository
	}
	return []*intoto.ResourceDescriptor{out}, nil
}

func (b Build) invocation() string {
	if b.URL != "" {
		return b.URL
	}
	return b.Run
}

// Built reads from a provenance what people ask for first: source, commit, builder and when.
func (s *Statement) Built() (out Build, err error) {
	message := &provenance.Provenance{}
	if err := lenient.Unmarshal(s.Predicate, message); err != nil {
		return out, fmt.Errorf("it is no provenance: %w", err)
	}
	var inside struct{ Engine, Vendor, Run, URL string }
	if described, err := message.GetBuildDefinition().GetInternalParameters().MarshalJSON(); err == nil {
		if err := json.Unmarshal(described, &inside); err != nil {
			return out, fmt.Errorf("it is no provenance: %w", err)
		}
	}
	out.Engine, out.Vendor, out.Run, out.URL = inside.Engine, inside.Vendor, inside.Run, inside.URL
	for _, dependency := range message.GetBuildDefinition().GetResolvedDependencies() {
		if dependency.GetName() == "source" {
			out.Commit = dependency.GetDigest()["gitCommit"]
			out.Dirty = !dependency.GetAnnotations().GetFields()["clean"].GetBoolValue()
		}
	}
	out.Repository = message.GetBuildDefinition().GetExternalParameters().GetFields()["source"].GetStringValue()
	metadata := message.GetRunDetails().GetMetadata()
	out.Started, out.Finished = metadata.GetStartedOn().AsTime(), metadata.GetFinishedOn().AsTime()
	return out, nil
}
