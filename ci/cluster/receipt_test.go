package cluster

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestAFingerprintTellsWhatWasWrittenAndByWhom(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	newAccount(t, c, namespace)
	confined, _, err := c.Confined(t.Context(), namespace, "slipway")
	require.NoError(t, err)
	_, err = c.BeginRun(t.Context(), namespace, "one", nil)
	require.NoError(t, err)
	all := objects(t, namespace, app("", testImage(), "one"))
	_, err = c.Apply(t.Context(), all, ApplyOptions{})
	require.NoError(t, err)
	require.NoError(t, c.Wait(within(t, time.Minute), all, nil))
	print := func() *Fingerprint {
		start, before := time.Now(), confined.Requests()
		taken, err := confined.Fingerprint(t.Context(), namespace)
		require.NoError(t, err)
		t.Logf("%d objects, %d requests, %s", len(taken.objects), confined.Requests()-before, time.Since(start))
		return taken
	}
	first := print()
	require.Empty(t, first.Differences(print()), "nothing was written")

	patch := func(manager, kind, text string) {
		var err error
		switch kind {
		case "deployment":
			_, err = c.typed.AppsV1().Deployments(namespace).Patch(t.Context(), "api", types.MergePatchType, []byte(text), metav1.PatchOptions{FieldManager: manager})
		case "configmap":
			_, err = c.typed.CoreV1().ConfigMaps(namespace).Patch(t.Context(), "settings", types.MergePatchType, []byte(text), metav1.PatchOptions{FieldManager: manager})
		}
		require.NoError(t, err)
	}
	time.Sleep(1100 * time.Millisecond) // managedFields tell seconds
	patch("person", "deployment", `{"spec":{"replicas":3}}`)
	patch("slipway", "configmap", `{"data":{"greeting":"good bye"}}`)
	require.NoError(t, c.typed.CoreV1().Secrets(namespace).Delete(t.Context(), "password", metav1.DeleteOptions{}))
	_, err = c.Apply(t.Context(), objects(t, namespace, `{apiVersion: v1, kind: ConfigMap, metadata: {name: new, labels: {slipway.dev/run: two}}}`), ApplyOptions{})
	require.NoError(t, err)
	require.NoError(t, c.Wait(within(t, time.Minute), all[3:], nil)) // its status changed, and pods were made
	found := first.Differences(print())
	found = slices.DeleteFunc(found, func(d Difference) bool {
		return d.Kind == "Deployment" && slices.Contains(d.By, "kube-controller-manager") && len(d.By) == 1
	})
	require.Equal(t, []Difference{
		{Namespace: namespace, Kind: "ConfigMap", Name: "new", Action: Created, By: []string{"slipway"}, Run: "two"},
		{Namespace: namespace, Kind: "ConfigMap", Name: "settings", Action: Configured, By: []string{"slipway"}, Run: "one"},
		{Namespace: namespace, Kind: "Deployment", Name: "api", Action: Configured, By: []string{"person"}, Run: "one"},
		{Namespace: namespace, Kind: "Secret", Name: "password", Action: Deleted, Run: "one"},
	}, found)
}

func TestAnAdministratorsFingerprintHoldsTheClusterToo(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	start, before := time.Now(), c.Requests()
	taken, err := c.Fingerprint(t.Context(), namespace)
	require.NoError(t, err)
	t.Logf("%d objects, %d requests, %s", len(taken.objects), c.Requests()-before, time.Since(start))
	require.Contains(t, taken.objects, "Namespace///"+namespace)
	require.Contains(t, taken.objects, "ServiceAccount//"+namespace+"/default")
	require.Equal(t, 2, taken.Count(namespace), "what Kubernetes makes in every namespace")
	require.Len(t, taken.In(namespace).objects, 2)
}

func TestOnlyWhatSomebodyWroteIsADifference(t *testing.T) {
	t.Parallel()
	at := metav1.NewTime(time.Unix(1700000000, 0))
	later := metav1.NewTime(at.Add(time.Minute))
	entry := func(manager, subresource string, at metav1.Time) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, Time: &at, FieldsV1: metav1.NewFieldsV1(`{}`)}
	}
	object := func(change func(o *metav1.PartialObjectMetadata)) *metav1.PartialObjectMetadata {
		o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "shop", UID: "u", ResourceVersion: "1", Labels: map[string]string{LabelRun: "one"},
			ManagedFields: []metav1.ManagedFieldsEntry{entry("slipway", "", at), entry("controller", "status", at)}}}
		if change != nil {
			change(o)
		}
		return o
	}
	for name, c := range map[string]struct {
		generation int64
		change     func(o *metav1.PartialObjectMetadata)
		action     Action
		by         []string
	}{
		"nothing":                               {0, nil, "", nil},
		"a status, where there is none else":    {0, func(o *metav1.PartialObjectMetadata) { o.ManagedFields[1] = entry("controller", "status", later) }, "", nil},
		"a status, where there is a generation": {1, func(o *metav1.PartialObjectMetadata) { o.ManagedFields[1] = entry("controller", "status", later) }, "", nil},
		"a write, where there is none":          {0, func(o *metav1.PartialObjectMetadata) { o.ManagedFields[0] = entry("slipway", "", later) }, Configured, []string{"slipway"}},
		"a write to the specification": {1, func(o *metav1.PartialObjectMetadata) {
			o.Generation, o.ManagedFields = 2, append(o.ManagedFields, entry("person", "", later))
		}, Configured, []string{"person"}},
		"a write through scale": {1, func(o *metav1.PartialObjectMetadata) {
			o.Generation, o.ManagedFields = 2, append(o.ManagedFields, entry("autoscaler", "scale", later))
		}, Configured, []string{"autoscaler"}},
		"a label":                       {1, func(o *metav1.PartialObjectMetadata) { o.Labels["a"] = "b" }, Configured, nil},
		"managed fields removed":        {0, func(o *metav1.PartialObjectMetadata) { o.ManagedFields = nil }, Configured, nil},
		"another of the same name":      {1, func(o *metav1.PartialObjectMetadata) { o.UID = "v" }, Configured, []string{"slipway"}},
		"a deletion that is waited for": {1, func(o *metav1.PartialObjectMetadata) { o.DeletionTimestamp = &later }, Deleted, nil},
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
	f.add("Secret", "", &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "b", Labels: map[string]string{LabelRecord: "release"}}})
	require.Empty(t, f.objects)
	f.add("ConfigMap", "", &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "c", OwnerReferences: []metav1.OwnerReference{{UID: "u"}}}})
	require.Len(t, f.objects, 1, "an owner that controls nothing changes nothing")
}
