package cluster

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// conflict is a field that we want to set and another manager has set otherwise.
type conflict struct {
	field   string // ".spec.replicas"
	manager string
	message string // "conflict with \"kube-controller-manager\" with subresource \"scale\" using apps/v1"
}

var quotedManager = regexp.MustCompile(`"([^"]*)"`)

// conflictsOf returns the conflicts for which the server refused an apply.
func conflictsOf(err error) []conflict {
	status := apierrors.APIStatus(nil)
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var out []conflict
	for _, cause := range status.Status().Details.Causes {
		if cause.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		found := conflict{field: cause.Field, message: cause.Message}
		if match := quotedManager.FindStringSubmatch(cause.Message); match != nil {
			found.manager = match[1]
		}
		out = append(out, found)
	}
	slices.SortFunc(out, func(a, b conflict) int { return strings.Compare(a.field, b.field) })
	return out
}

// String is the conflict in words: "field .data.x is set by "kubectl" using v1".
func (f conflict) String() string {
	return "field " + f.field + " is set by " + strings.TrimPrefix(f.message, "conflict with ")
}
