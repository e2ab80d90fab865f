package cluster

import (
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// Masked removes a Secret's values from an error about it. The API server quotes
// values when it refuses an object, in forms that no replacement covers (parts,
// escapes, Go syntax), so its own words are kept only when they are a denial;
// else the reason and the fields say enough. The underlying error is dropped.
func Masked(err error, object *unstructured.Unstructured) error {
	var known *Error
	if object.GetKind() != "Secret" || !errors.As(err, &known) {
		return err
	}
	out := *known
	out.Err = nil
	if status := apierrors.APIStatus(nil); errors.As(known.Err, &status) && !apierrors.IsForbidden(known.Err) && managed.ConflictsOf(known.Err) == nil {
		out.Cause = strings.ToLower(string(status.Status().Reason)) + " (the server's message is hidden, it may hold the Secret's values)"
		if details := status.Status().Details; details != nil {
			for _, cause := range details.Causes {
				out.Cause += ", field " + cause.Field
			}
		}
	}
	values := managed.SecretValues([]*unstructured.Unstructured{object})
	out.Cause = managed.Mask(out.Cause, values)
	return &out
}
