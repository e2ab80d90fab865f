package managed

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Conflict is a field that we want to set and another manager has set otherwise.
type Conflict struct {
	Field   string // ".spec.replicas"
	Manager string
	message string // "conflict with \"kube-controller-manager\" with subresource \"scale\" using apps/v1"
}

var quotedManager = regexp.MustCompile(`"([^"]*)"`)

// ConflictsOf returns the conflicts for which the server refused an apply.
func ConflictsOf(err error) []Conflict {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var out []Conflict
	for _, cause := range status.Status().Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		found := Conflict{Field: cause.Field, message: cause.Message}
		if match := quotedManager.FindStringSubmatch(cause.Message); match != nil {
			found.Manager = match[1]
		}
		out = append(out, found)
	}
	slices.SortFunc(out, func(a, b Conflict) int { return strings.Compare(a.Field, b.Field) })
	return out
}

// String is the conflict in words: "field .data.x is set by "kubectl" using v1".
func (f Conflict) String() string {
	return "field " + f.Field + " is set by " + strings.TrimPrefix(f.message, "conflict with ")
}
