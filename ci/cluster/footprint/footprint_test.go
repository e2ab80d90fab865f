package footprint

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

func TestOnlyWhatSomebodyWroteIsADifference(t *testing.T) {
	t.Parallel()
	at := metav1.NewTime(time.Unix(1700000000, 0))
	later := metav1.NewTime(at.Add(time.Minute))
	entry := func(manager, subresource string, at metav1.Time) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, Time: &at, FieldsV1: metav1.NewFieldsV1(`{}`)}
	}
	object := func(change func(o *metav1.PartialObjectMetadata)) *metav1.PartialObjectMetadata {
		o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "shop", UID: "u", ResourceVersion: "1", Labels: map[string]string{managed.LabelRun: "one"},
			ManagedFields: []metav1.ManagedFieldsEntry{entry("slipway", "", at), entry("controller", "status", at)}}}
		if change != nil {
			change(o)
		}
		return o
	}
	for name, c := range map[string]struct {
		generation int64
		change     func(o *metav1.PartialObjectMetadata)
		action     write.Action
		by         []string
	}{
		"nothing":                               {0, nil, "", nil},
		"a status, where there is none else":    {0, func(o *metav1.PartialObjectMetadata) { o.ManagedFields[1] = entry("controller", "status", later) }, "", nil},
		"a status, where there is a generation": {1, func(o *metav1.PartialObjectMetadata) { o.ManagedFields[1] = entry("controller", "status", later) }, "", nil},
		"a write, where there is none":          {0, func(o *metav1.PartialObjectMetadata) { o.ManagedFields[0] = entry("slipway", "", later) }, write.Configured, []string{"slipway"}},
		"a write to the specification": {1, func(o *metav1.PartialObjectMetadata) {
			o.Generation, o.ManagedFields = 2, append(o.ManagedFields, entry("person", "", later))
		}, write.Configured, []string{"person"}},
		"a write through scale": {1, func(o *metav1.PartialObjectMetadata) {
			o.Generation, o.ManagedFields = 2, append(o.ManagedFields, entry("autoscaler", "scale", later))
		}, write.Configured, []string{"autoscaler"}},
		"a label":                       {1, func(o *metav1.PartialObjectMetadata) { o.Labels["a"] = "b" }, write.Configured, nil},
		"managed fields removed":        {0, func(o *metav1.PartialObjectMetadata) { o.ManagedFields = nil }, write.Configured, nil},
		"another of the same name":      {1, func(o *metav1.PartialObjectMetadata) { o.UID = "v" }, write.Configured, []string{"slipway"}},
		"a deletion that is waited for": {1, func(o *metav1.PartialObjectMetadata) { o.DeletionTimestamp = &later }, write.Deleted, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := &Fingerprint{objects: map[string]mark{}}, &Fingerprint{objects: map[string]mark{}}
			former := object(nil)
			former.Generation = c.generation
			before.add("Thing", "", former)
			after.add("Thing", "", object(func(o *metav1.PartialObjectMetadata) {
				o.Generation = c.generation
				if c.change != nil {
					o.ResourceVersion = "2"
					c.change(o)
				}
			}))
			found := before.Differences(after)
			if c.action == "" {
				require.Empty(t, found)
				return
			}
			require.Equal(t, []Difference{{Namespace: "shop", Kind: "Thing", Name: "a", Action: c.action, By: c.by, Run: "one"}}, found)
		})
	}
}

func TestAFingerprintLeavesOutWhatControllersOwnAndOurRecords(t *testing.T) {
	t.Parallel()
	yes := true
	f := &Fingerprint{objects: map[string]mark{}}
	f.add("Job", "batch", &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "a", OwnerReferences: []metav1.OwnerReference{{UID: "u", Controller: &yes}}}})
	f.add("Secret", "", &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "b", Labels: map[string]string{managed.LabelRecord: "release"}}})
	require.Empty(t, f.objects)
	f.add("ConfigMap", "", &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "c", OwnerReferences: []metav1.OwnerReference{{UID: "u"}}}})
	require.Len(t, f.objects, 1, "an owner that controls nothing changes nothing")
}
