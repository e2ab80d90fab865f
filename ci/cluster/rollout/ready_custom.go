package rollout

import (
	"cmp"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/diagnose"
)

// statusPatience is how long a new object of a custom kind is given to get a
// status at all: kinds that are only read by others never do.
const statusPatience = 3 * time.Second

// condition is one entry of status.conditions.
type condition struct {
	kind, status, reason, message string
	observed                      int64 // generation it speaks of; 0 when it does not say
}

type conditionList []condition

// conditionsIn reads the conditions at a path of an object's fields.
func conditionsIn(fields map[string]any, path ...string) conditionList {
	list, _, _ := unstructured.NestedSlice(fields, path...)
	var out conditionList
	for _, item := range list {
		entry, _ := item.(map[string]any)
		text := func(field string) string { value, _ := entry[field].(string); return value }
		observed, _, _ := unstructured.NestedInt64(entry, "observedGeneration")
		out = append(out, condition{text("type"), text("status"), text("reason"), text("message"), observed})
	}
	return out
}

// of returns the condition of a type, or nil.
func (l conditionList) of(kind string) *condition {
	for i := range l {
		if l[i].kind == kind {
			return &l[i]
		}
	}
	return nil
}

func (c *condition) isFalse(generation int64) bool {
	return c != nil && c.status == "False" && !c.stale(generation)
}

// stale reports whether the condition speaks of an older spec.
func (c *condition) stale(generation int64) bool { return c.observed != 0 && c.observed < generation }

func (c *condition) text() string {
	return cmp.Or(cluster.OneLine(c.message), c.reason, fmt.Sprintf("%s is %s", c.kind, c.status))
}

// lacksTrue wants conditions to be there, of this generation, and true.
func lacksTrue(found conditionList, generation int64, wanted ...string) finding {
	for _, kind := range wanted {
		switch c := found.of(kind); {
		case c == nil:
			return finding{lacks: "its condition " + kind + " is not there yet"}
		case c.stale(generation):
			return finding{lacks: "its new spec is not observed yet"}
		case c.status != "True":
			return finding{lacks: fmt.Sprintf("its condition %s is %s: %s", kind, c.status, c.text())}
		}
	}
	return finding{}
}

func (v *view) judgeDefinition(d *unstructured.Unstructured, _ glance) finding {
	found := conditionsIn(d.Object, "status", "conditions")
	f := lacksTrue(found, 0, "NamesAccepted", "Established")
	if names := found.of("NamesAccepted"); names.isFalse(0) {
		f.problem = &diagnose.Problem{Id: "names", Class: cluster.Misconfigured, Grace: diagnose.CreateGrace, Cause: "its names are not accepted: " + names.text(), Try: "another definition has these names; choose others"}
	}
	return f
}

// judgeCustom reads what most controllers write (kstatus): the generation they
// have seen, Ready or Available, and Stalled, Failed or ReconcileError. An object
// without any of these is done.
func (v *view) judgeCustom(object *unstructured.Unstructured, g glance) finding {
	generation := object.GetGeneration()
	status, found, _ := unstructured.NestedMap(object.Object, "status")
	if object.GetDeletionTimestamp() != nil {
		return finding{lacks: "is being deleted"}
	}
	if !found || len(status) == 0 {
		if g.now.Sub(object.GetCreationTimestamp().Time).Abs() > time.Minute {
			return finding{} // nobody writes one
		}
		return finding{lacks: "has no status yet", patience: statusPatience, left: "ready (no controller writes a status)"}
	}
	if observed, ok, _ := unstructured.NestedInt64(status, "observedGeneration"); ok && observed < generation {
		return finding{lacks: "its new spec is not observed yet"}
	}
	conditions := conditionsIn(status, "conditions")
	var f finding
	for _, kind := range []string{"Ready", "Available"} {
		if c := conditions.of(kind); c != nil && f.lacks == "" {
			f = lacksTrue(conditions, generation, kind)
			if f.lacks != "" {
				f.problem = &diagnose.Problem{Id: kind, Class: cluster.NeverReady, Grace: diagnose.Open, Cause: f.lacks, Try: "see what its controller says about it"}
			}
		}
	}
	if c := conditions.of("Reconciling"); f.lacks == "" && c != nil && c.status == "True" {
		f.lacks = "is being reconciled: " + c.text()
	}
	for _, kind := range []string{"Stalled", "Failed", "ReconcileError"} {
		if c := conditions.of(kind); c != nil && c.status == "True" && !c.stale(generation) {
			f.lacks = cmp.Or(f.lacks, "its condition "+kind+" is True")
			f.problem = &diagnose.Problem{Id: kind, Class: cluster.Misconfigured, Grace: diagnose.StatusGrace, Cause: fmt.Sprintf("its controller reports %s: %s", kind, c.text()), Try: "correct what the controller names"}
		}
	}
	return f
}

// custom reports whether the target is of a kind that Kubernetes does not have.
func (t *target) custom() bool {
	_, known := rules[t.object.GroupVersionKind().GroupKind()]
	return !known && !t.rule.workload && t.rule.kept.Empty()
}
