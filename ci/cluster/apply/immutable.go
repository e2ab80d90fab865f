package apply

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// nameImmutable puts the fields that this deploy would change before the server's
// refusal to change a field: the server names the field only for some kinds, for a
// StatefulSet it lists those that it would take.
func nameImmutable(err error, p *Planned) error {
	var known *cluster.Error
	var status apierrors.APIStatus
	if p.Live == nil || !errors.As(err, &known) || !errors.As(known.Err, &status) || !apierrors.IsInvalid(known.Err) || status.Status().Details == nil {
		return err
	}
	var fields []string
	for _, cause := range status.Status().Details.Causes {
		if strings.Contains(cause.Message, "immutable") || strings.Contains(cause.Message, "updates to ") {
			fields = append(fields, slices.DeleteFunc(changedFields(p.Live.Object, p.Object.Object, ""), func(path string) bool { return !refusedBy(cause, path) })...)
		}
	}
	if len(fields) == 0 {
		return err
	}
	slices.Sort(fields)
	out := *known
	out.Cause = strings.Join(slices.Compact(fields), ", ") + " cannot be changed: " + known.Cause
	out.Try = "leave it as it is, or delete the object first and let this deploy create it again"
	return &out
}

// refusedBy reports whether a field lies below the one that the server names, and
// is not among those that its message, in quotes, says it would take.
func refusedBy(cause metav1.StatusCause, path string) bool {
	rest, below := strings.CutPrefix(path, cause.Field)
	name, _, _ := strings.Cut(strings.TrimPrefix(rest, "."), ".")
	return below && (rest == "" || rest[0] == '.' || rest[0] == '[') && (name == "" || !strings.Contains(cause.Message, "'"+name+"'"))
}

// changedFields returns the paths of the values that wanted gives and live has not,
// the server's defaults in live aside.
func changedFields(live, wanted any, path string) []string {
	var out []string
	switch wanted := wanted.(type) {
	case map[string]any:
		before, _ := live.(map[string]any)
		for key, after := range wanted {
			out = append(out, changedFields(before[key], after, strings.TrimPrefix(path+"."+key, "."))...)
		}
		return out
	case []any:
		before, _ := live.([]any)
		if len(before) == len(wanted) {
			for i, after := range wanted {
				out = append(out, changedFields(before[i], after, path+"["+strconv.Itoa(i)+"]")...)
			}
			return out
		}
	}
	if !managed.Equal(live, wanted) {
		out = append(out, path)
	}
	return out
}
