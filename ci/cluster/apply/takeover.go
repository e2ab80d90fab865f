package apply

import (
	"context"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
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
	if managed.Applied(live) == nil {
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
	return !slices.Contains(controllers, entry.Manager) && entry.Manager != managed.FieldManager && (entry.Subresource == "" || entry.Subresource == "scale")
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
	err := csaupgrade.UpgradeManagedFields(out, sets.New(managers...), managed.FieldManager)
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
func writeManagers(ctx context.Context, c *cluster.Cluster, p *Planned) error {
	for {
		upgraded, err := takenOver(p.Live, p.takes)
		if err != nil {
			return cluster.FromAPI(ctx, managed.Describe(p.Object), "take over its fields", err)
		}
		result, err := write.PatchManagers(ctx, c, p.Resource, p.Live, upgraded.GetManagedFields())
		if err == nil {
			p.Live, p.takes = result, nil
			return nil
		}
		if !write.Outdated(err) {
			return cluster.FromAPI(ctx, managed.Describe(p.Object), "take over its fields", err)
		}
		live, err := write.ReadAgain(ctx, c, p.Resource, p.Object)
		if err != nil {
			return err
		}
		if live == nil || live.GetUID() != p.Live.GetUID() {
			return &cluster.Error{Class: cluster.Admission, Object: managed.Describe(p.Object), Cause: "was deleted by somebody else since this was planned"}
		}
		p.Live = live
	}
}
