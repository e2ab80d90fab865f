package cluster

import (
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// CheckAnnotations returns an error of class Misconfigured for an annotation of
// ours, on one of the objects, that cannot be followed: a wave that is no whole
// number, a readiness expression that cannot be read. It needs no cluster.
func CheckAnnotations(objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if wave, set := object.GetAnnotations()[waveAnnotation]; set {
			if _, err := strconv.Atoi(wave); err != nil {
				return &Error{Class: Misconfigured, Object: describe(object), Cause: "annotation " + waveAnnotation + " is no whole number: " + strconv.Quote(wave)}
			}
		}
		if _, err := expressionOf(object); err != nil {
			return err
		}
	}
	return nil
}
