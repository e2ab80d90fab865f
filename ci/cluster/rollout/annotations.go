package rollout

import (
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// CheckAnnotations returns an error of class Misconfigured for an annotation of
// ours, on one of the objects, that cannot be followed: a wave that is no whole
// number, a readiness expression that cannot be read. It needs no cluster.
func CheckAnnotations(objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if wave, set := object.GetAnnotations()[managed.WaveAnnotation]; set {
			if _, err := strconv.Atoi(wave); err != nil {
				return &cluster.Error{Class: cluster.Misconfigured, Object: managed.Describe(object), Cause: "annotation " + managed.WaveAnnotation + " is not a whole number: " + strconv.Quote(wave)}
			}
		}
		if _, err := expressionOf(object); err != nil {
			return err
		}
	}
	return nil
}
