package apply

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
)

// refuseConflicts returns one error for all fields that others have set, or nil.
func refuseConflicts(objects []*Planned) error {
	var refused []*Planned
	for _, p := range objects {
		if len(p.conflicts) > 0 {
			refused = append(refused, p)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return conflictError(refused, secretsAmong(objects))
}

// secretsAmong are the values of the Secrets that are wanted or live.
func secretsAmong(objects []*Planned) []string {
	var all []*unstructured.Unstructured
	for _, p := range objects {
		if all = append(all, p.Object); p.Live != nil {
			all = append(all, p.Live)
		}
	}
	return managed.SecretValues(all)
}

// fieldsQuoted is how many fields are put ready for --leave; the evidence names all.
const fieldsQuoted = 10

// conflictError names each field, who set it to what and when, and the two ways on;
// values that a Secret has are hidden wherever they stand.
func conflictError(refused []*Planned, secrets []string) error {
	out := &cluster.Error{Class: cluster.Admission, Object: managed.Describe(refused[0].Object)}
	var managers, fields []string
	count := 0
	for _, p := range refused {
		for _, f := range p.conflicts {
			count++
			text := managed.Mask(said(f, p), secrets)
			if out.Cause == "" {
				out.Cause = text
			}
			out.Evidence = append(out.Evidence, managed.Describe(p.Object)+": "+text)
			manager := f.Manager
			if strings.HasPrefix(manager, kubectlFamily+"-") {
				manager = kubectlFamily
			}
			managers = append(managers, manager)
			fields = append(fields, p.Object.GetKind()+"/"+p.Object.GetName()+":"+managed.Plain(f.Field))
		}
	}
	slices.Sort(managers)
	if count > 1 {
		out.Cause += fmt.Sprintf("; with it %d fields of %d objects are set by others", count, len(refused))
	} else {
		out.Evidence = nil
	}
	if len(fields) > fieldsQuoted {
		fields = append(fields[:fieldsQuoted:fieldsQuoted], "...")
	}
	quoted := "'" + strings.Join(fields, ",") + "'"
	out.Try = "to keep what they have set give --leave " + quoted + " or take the fields out of the overlay; to overwrite it give --take-over " + strings.Join(slices.Compact(managers), ",")
	return out
}

// said is the conflict in words, with both values and when the other was set.
func said(f managed.Conflict, p *Planned) string {
	text := f.String()
	for _, entry := range p.Live.GetManagedFields() {
		if entry.Manager == f.Manager && entry.Time != nil && owns(entry, f.Field) {
			text += " at " + entry.Time.UTC().Format("2006-01-02 15:04:05 MST")
		}
	}
	theirs, _ := managed.FieldAt(p.Live.Object, f.Field)
	ours, _ := managed.FieldAt(p.Object.Object, f.Field)
	if p.Object.GetKind() == "Secret" || len(short(theirs))+len(short(ours)) > 120 {
		return text
	}
	return text + ", to " + short(theirs) + "; the overlay says " + short(ours)
}

func owns(entry metav1.ManagedFieldsEntry, field string) bool {
	owned := false
	fieldsOf(entry).Iterate(func(path fieldpath.Path) { owned = owned || path.String() == field })
	return owned
}

func short(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}
