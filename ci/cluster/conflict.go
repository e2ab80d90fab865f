package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// controllers are the field managers that set fields all the time because that is
// their work: what one of them has set is left to it. Every other manager is a
// person or another tool, whose field is not taken without being asked.
var controllers = []string{
	"kube-controller-manager", // the HorizontalPodAutoscaler's replicas, through the subresource scale
	"vpa-updater", "vpa-recommender", "vpa-admission-controller",
	"keda-operator", "keda", "cluster-autoscaler",
	"cainjector", "cert-manager-cainjector",
}

// undoManager puts back what was nobody's: values that admission or a default had
// set once, which a run has overwritten. A later apply takes them without asking.
const undoManager = FieldManager + "-undo"

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
	return fmt.Sprintf("field %s is set by %s", f.field, strings.TrimPrefix(f.message, "conflict with "))
}

// giveUp returns the object without the fields of an apply that the server refused
// because controllers have set them, and a note that names these; nil where any
// conflict is with somebody else. take tells that the other conflicts are with what
// an undo put back for nobody, which may be taken.
func giveUp(object *unstructured.Unstructured, err error) (reduced *unstructured.Unstructured, note string, take bool) {
	found := conflictsOf(err)
	if len(found) == 0 {
		return nil, "", false
	}
	out := object.DeepCopy()
	var notes []string
	for _, f := range found {
		path := strings.Split(strings.TrimPrefix(f.field, "."), ".")
		switch {
		case f.manager == undoManager:
			take = true
		case !slices.Contains(controllers, f.manager) || strings.ContainsAny(f.field, "[]"):
			return nil, "", false
		default:
			unstructured.RemoveNestedField(out.Object, path...)
			notes = append(notes, fmt.Sprintf("%s is left to %s", strings.Join(path, "."), f.manager))
		}
	}
	return out, strings.Join(notes, ", "), take
}
