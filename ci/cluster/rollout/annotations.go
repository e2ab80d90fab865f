package rollout

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// CheckAnnotations returns an error of class Misconfigured for an annotation, on one
// of the objects, that cannot be followed: a wave that is no whole number, a hook of
// Helm or Argo CD that a deploy has no place for, a readiness expression that cannot
// be read. It needs no cluster.
func CheckAnnotations(objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if cause, try := managed.WaveProblem(object); cause != "" {
			return &cluster.Error{Class: cluster.Misconfigured, Object: managed.Describe(object), Cause: cause, Try: try}
		}
		if _, err := expressionOf(object); err != nil {
			return err
		}
	}
	return nil
}
