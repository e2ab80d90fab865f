package cluster

import (
	"context"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// lastApplied is the annotation in which client-side `kubectl apply` keeps what it
// applied; whoever owns it has applied the object that way.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// kubectlFamily, as a manager to take fields over from, stands for all that kubectl's
// commands call themselves: kubectl, kubectl-client-side-apply, kubectl-edit, ...
const kubectlFamily = "kubectl"

// takes returns the managers whose fields of the live object become ours: those that
// were named, and at the first deploy the one of client-side `kubectl apply`, as
// kubectl's own --server-side does it.
func takes(live *unstructured.Unstructured, named []string) []string {
	var out []string
	if applied(live) == nil {
		path := fieldpath.NewSet(fieldpath.MakePathOrDie("metadata", "annotations", lastApplied))
		for _, entry := range csaupgrade.FindFieldsOwners(live.GetManagedFields(), metav1.ManagedFieldsOperationUpdate, path) {
			out = append(out, entry.Manager)
		}
	}
	for _, entry := range live.GetManagedFields() {
		if mayTake(entry) && isNamed(entry.Manager, named) {
			out = append(out, entry.Manager)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// mayTake leaves to controllers what is theirs, and the status to whoever writes it.
func mayTake(entry metav1.ManagedFieldsEntry) bool {
	return !slices.Contains(controllers, entry.Manager) && entry.Manager != FieldManager && (entry.Subresource == "" || entry.Subresource == "scale")
}

func isNamed(manager string, named []string) bool {
	return slices.ContainsFunc(named, func(name string) bool {
		return manager == name || name == kubectlFamily && strings.HasPrefix(manager, kubectlFamily+"-")
	})
}

// takenOver returns the live object with the managers' fields recorded as ours. What
// they set by server-side apply, or through the subresource scale, becomes ours like
// what they set by an update, for which client-go has the code.
func takenOver(live *unstructured.Unstructured, managers []string) (*unstructured.Unstructured, error) {
	out := live.DeepCopy()
	entries := out.GetManagedFields()
	for i, entry := range entries {
		if slices.Contains(managers, entry.Manager) && mayTake(entry) {
			entries[i].Operation, entries[i].Subresource = metav1.ManagedFieldsOperationUpdate, ""
		}
	}
	out.SetManagedFields(oneEach(entries, managers))
	err := csaupgrade.UpgradeManagedFields(out, sets.New(managers...), FieldManager)
	return out, err
}

// oneEach joins the entries of a manager that differ in their version or came from a
// subresource, for client-go takes one of each.
func oneEach(entries []metav1.ManagedFieldsEntry, managers []string) []metav1.ManagedFieldsEntry {
	var out []metav1.ManagedFieldsEntry
	for _, entry := range entries {
		same := slices.IndexFunc(out, func(e metav1.ManagedFieldsEntry) bool {
			return e.Manager == entry.Manager && e.Operation == entry.Operation && slices.Contains(managers, e.Manager) && e.Subresource == "" && entry.Subresource == ""
		})
		if same < 0 {
			out = append(out, entry)
			continue
		}
		union := fieldsOf(out[same]).Union(fieldsOf(entry))
		if raw, err := union.ToJSON(); err == nil {
			out[same].FieldsV1 = &metav1.FieldsV1{}
			out[same].FieldsV1.SetRawBytes(raw)
		}
	}
	return out
}

// fieldsOf returns the fields that an entry names; none when it cannot be read.
func fieldsOf(entry metav1.ManagedFieldsEntry) *fieldpath.Set {
	out := &fieldpath.Set{}
	if entry.FieldsV1 == nil || out.FromJSON(entry.FieldsV1.GetRawReader()) != nil {
		return &fieldpath.Set{}
	}
	return out
}

// writeManagers makes the live object's fields ours on the server: its values stay.
func (c *Cluster) writeManagers(ctx context.Context, p *planned) error {
	for {
		upgraded, err := takenOver(p.live, p.takes)
		if err != nil {
			return fromAPI(ctx, describe(p.object), "take over its fields", err)
		}
		result, err := c.patchManagers(ctx, p.resource, p.live, upgraded.GetManagedFields())
		if err == nil {
			p.live, p.takes = result, nil
			return nil
		}
		if !outdated(err) {
			return fromAPI(ctx, describe(p.object), "take over its fields", err)
		}
		live, err := c.readAgain(ctx, p.resource, p.object)
		if err != nil {
			return err
		}
		if live == nil || live.GetUID() != p.live.GetUID() {
			return &Error{Class: Admission, Object: describe(p.object), Cause: "was deleted by somebody else since this was planned"}
		}
		p.live = live
	}
}
