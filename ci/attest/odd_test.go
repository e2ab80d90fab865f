package attest_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/slipway-cd/slipway/ci/attest"
	"github.com/slipway-cd/slipway/ci/evidence"
	"github.com/slipway-cd/slipway/ci/image"
)

func TestAForgedDocumentIsOfTheKindThatItsStatementSays(t *testing.T) {
	t.Parallel()
	s := newShelf(t, true)
	s.attach(t, s.key, tests(t, "app", "functional", now, s.about))
	forged, err := s.key.Sign(t.Context(), sbom(t, s.about))
	require.NoError(t, err)
	forged.Content = inPayload(t, forged.Content, "CycloneDX", "CycloneDY")
	for name, annotations := range map[string]map[string]string{"none": nil, "another kind's": {"dev.sigstore.bundle.predicateType": "https://example.com/odd"}} {
		require.Equal(t, evidence.SBOM, evidence.Document{Type: forged.Type, Annotations: annotations, Content: forged.Content}.Kind(), name)
	}
	foreign := &image.Attachment{Type: forged.Type, Content: []byte("{}")}
	require.NoError(t, s.registry.Attach(t.Context(), s.repo, s.about.Digest, foreign))
	require.NoError(t, s.find(t, by(t, s.key)).Check(attest.Wanted{Application: "app"}, now), "of no kind that is known")
	require.NoError(t, s.registry.Attach(t.Context(), s.repo, s.about.Digest, &image.Attachment{Type: forged.Type, Content: forged.Content}))
	require.ErrorContains(t, s.find(t, by(t, s.key)).Check(attest.Wanted{Application: "app"}, now), "SBOM: it is not what "+s.key.String()+" signed: it was changed since")
	s.attach(t, s.key, sbom(t, s.about))
	require.NoError(t, s.find(t, by(t, s.key)).Check(attest.Wanted{Application: "app"}, now))
}

func TestAnOddAttachmentIsRefusedAndTheGoodOnesCount(t *testing.T) {
	t.Parallel()
	for odd, layers := range map[string][]v1.Layer{
		"it has 2 layers, want 1":     {static.NewLayer([]byte("{}"), "text/plain"), static.NewLayer([]byte("[]"), "text/plain")},
		"it is larger than 64 MiB":    {static.NewLayer(make([]byte, 65<<20), "text/plain")},
		"it is no bundle of Sigstore": {static.NewLayer([]byte("{}"), "text/plain")},
	} {
		t.Run(odd, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, true)
			s.attachLayers(t, layers...)
			err := s.find(t, by(t, s.key)).Check(attest.Wanted{Application: "app"}, now)
			require.ErrorContains(t, err, odd)
			s.attach(t, s.key, tests(t, "app", "functional", now, s.about), sbom(t, s.about))
			found := s.find(t, by(t, s.key))
			require.NoError(t, found.Check(attest.Wanted{Application: "app"}, now))
			require.Len(t, found.Refused, 1)
		})
	}
}

// attachLayers attaches a manifest of evidence's type with these layers.
func (s shelf) attachLayers(t *testing.T, layers ...v1.Layer) {
	t.Helper()
	at, err := name.NewDigest(s.about.Name + "@" + s.about.Digest)
	require.NoError(t, err)
	subject, err := remote.Head(at)
	require.NoError(t, err)
	made, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), layers...)
	require.NoError(t, err)
	made = mutate.Subject(made, *subject).(v1.Image)
	raw, err := made.RawManifest()
	require.NoError(t, err)
	var manifest map[string]any
	require.NoError(t, json.Unmarshal(raw, &manifest))
	manifest["artifactType"] = evidence.Types()[0]
	manifest["config"].(map[string]any)["mediaType"] = "application/vnd.oci.empty.v1+json" // some registries list it by this
	raw, err = json.Marshal(manifest)
	require.NoError(t, err)
	for _, layer := range layers {
		require.NoError(t, remote.WriteLayer(at.Context(), layer))
	}
	config, err := made.RawConfigFile()
	require.NoError(t, err)
	require.NoError(t, remote.WriteLayer(at.Context(), static.NewLayer(config, types.OCIConfigJSON)))
	own, _, err := v1.SHA256(bytes.NewReader(raw))
	require.NoError(t, err)
	require.NoError(t, remote.Put(at.Context().Digest(own.String()), rawManifest(raw)))
}

// rawManifest is a manifest that is pushed as it is.
type rawManifest []byte

func (r rawManifest) RawManifest() ([]byte, error)        { return r, nil }
func (r rawManifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
