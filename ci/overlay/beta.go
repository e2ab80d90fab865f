package overlay

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/artifact"
	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/front"
	"github.com/slipway-cd/slipway/ci/manifest"
)

// ServicesBeside are the other Services that the beta's tests are to reach, each with its
// port; one that the beta has not is an error.
func (o Overlays) ServicesBeside(beta []*unstructured.Unstructured) (out []description.Service, err error) {
	services := manifest.Typed[corev1.Service](beta, corev1.SchemeGroupVersion.WithKind("Service"))
	for _, wanted := range o.App.Services {
		i := slices.IndexFunc(services, func(s *corev1.Service) bool { return s.Name == wanted.Name+o.Suffix() })
		switch {
		case i < 0:
			return nil, fmt.Errorf("services: it has no Service %s", wanted.Name)
		case wanted.Port != 0 && !front.HasPort(services[i], wanted.Port):
			return nil, fmt.Errorf("services: the Service %s has no port %d", wanted.Name, wanted.Port)
		case front.Port(services[i]) == 0:
			return nil, fmt.Errorf("services: the Service %s has no port", wanted.Name)
		}
		wanted.Port = cmp.Or(wanted.Port, front.Port(services[i]))
		out = append(out, wanted)
	}
	return out, nil
}

// BetaDigest is that of the rendered objects of a beta, but for the run's own names: the same for each run of a commit.
func (o Overlays) BetaDigest(images []artifact.Image) (string, error) {
	o.Run = "any"
	beta, err := o.RenderBeta(images)
	if err != nil {
		return "", fmt.Errorf("digest of the beta: %w", err)
	}
	text, err := json.Marshal(beta.Objects)
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), err
}
