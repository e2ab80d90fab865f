package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// configMap is one that run has written.
func configMap(name, run, value string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, labels: {app.kubernetes.io/managed-by: slipway, slipway.dev/run: %s}}, data: {value: %q}}", name, run, value)
}

// stateOf returns the contents of a namespace's ConfigMaps, server's fields aside.
func stateOf(t *testing.T, c *cluster.Cluster, namespace string) map[string]any {
	t.Helper()
	list, err := c.Dynamic.Resource(cluster.ConfigMaps).Namespace(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	out := map[string]any{}
	for _, item := range list.Items {
		if item.GetName() != "kube-root-ca.crt" {
			out[item.GetName()] = map[string]any{"data": item.Object["data"], "labels": item.GetLabels(), "ours": managed.OwnedFields(&item).Object}
		}
	}
	return out
}

func TestRestoreBringsBackWhatAnInterruptedRunChanged(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for _, carried := range []string{"nothing", "a half", "everything"} {
		t.Run(carried, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t, c)
			former := clustertest.Objects(t, namespace, configMap("same", "one", "x"), configMap("changed", "one", "x"), configMap("pruned", "one", "x"))
			plan, err := apply.NewPlan(t.Context(), c, former, apply.Options{})
			require.NoError(t, err)
			_, err = apply.Carry(t.Context(), c, plan, nil)
			require.NoError(t, err)
			_, err = c.Typed.CoreV1().ConfigMaps(namespace).Patch(t.Context(), "changed", types.MergePatchType, []byte(`{"data":{"of-others":"stays"}}`), metav1.PatchOptions{FieldManager: "kubectl"})
			require.NoError(t, err)
			before := stateOf(t, c, namespace)

			wanted := clustertest.Objects(t, namespace, configMap("same", "two", "x"), configMap("changed", "two", "y"), configMap("new", "two", "y"))
			next, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{Former: plan.Refs()})
			require.NoError(t, err)
			require.Equal(t, map[string]write.Action{"ConfigMap same": write.Unchanged, "ConfigMap changed": write.Configured, "ConfigMap new": write.Created, "ConfigMap pruned": write.Deleted}, actions(next.Changes))
			_, err = records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "two", Version: "2", Back: "1"}, next, records.Release{})
			require.NoError(t, err)
			switch carried {
			case "a half":
				_, err = apply.Carry(killedAfter(t, 1), c, next, nil)
				require.ErrorIs(t, err, cluster.ErrLost)
			case "everything":
				_, err = apply.Carry(t.Context(), c, next, nil)
				require.NoError(t, err)
				gone, err := apply.Prune(within(t, time.Minute), c, next)
				require.NoError(t, err)
				require.Equal(t, map[string]write.Action{"ConfigMap pruned": write.Deleted}, actions(gone))
				require.NotEqual(t, before, stateOf(t, c, namespace))
			}

			found, _, err := records.Undos(t.Context(), c, namespace) // as the next run finds it
			require.NoError(t, err)
			require.Len(t, found, 1)
			require.Equal(t, "1", found[0].Back)
			for range 2 { // a recovery that was killed is done again
				_, _, err = records.Restore(within(t, time.Minute), c, found[0])
				require.NoError(t, err)
				require.Equal(t, before, stateOf(t, c, namespace))
			}
			require.NoError(t, records.ForgetUndo(t.Context(), c, found[0]))
			left, _, err := records.Undos(t.Context(), c, namespace)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

func TestRestoreGivesAnAdoptedObjectBack(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	_, err := c.Dynamic.Resource(cluster.ConfigMaps).Namespace(namespace).Create(t.Context(),
		clustertest.Objects(t, namespace, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {value: x}}")[0], metav1.CreateOptions{FieldManager: "kubectl-create"})
	require.NoError(t, err)
	before := stateOf(t, c, namespace)
	plan, err := apply.NewPlan(t.Context(), c, clustertest.Objects(t, namespace, configMap("a", "one", "x")), apply.Options{})
	require.NoError(t, err)
	record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "one"}, plan, records.Release{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	require.NotEqual(t, before, stateOf(t, c, namespace))
	_, _, err = records.Restore(within(t, time.Minute), c, record)
	require.NoError(t, err)
	require.Equal(t, before, stateOf(t, c, namespace))
}

func TestRestoreLeavesWhatAnotherMadeUnderTheSameName(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	plan, err := apply.NewPlan(t.Context(), c, clustertest.Objects(t, namespace, configMap("a", "one", "x")), apply.Options{})
	require.NoError(t, err)
	record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "one"}, plan, records.Release{})
	require.NoError(t, err)
	_, err = apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, configMap("a", "two", "x")), apply.Options{})
	require.NoError(t, err)
	before := stateOf(t, c, namespace)
	changes, _, err := records.Restore(within(t, time.Minute), c, record)
	require.NoError(t, err)
	require.Empty(t, changes)
	require.Equal(t, before, stateOf(t, c, namespace))
}

func TestPruneKeepsWhatIsNotCertainlyOurs(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	const claim = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, labels: {app.kubernetes.io/managed-by: slipway}}, spec: {storageClassName: none, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}"
	plan, err := apply.NewPlan(t.Context(), c, clustertest.Objects(t, namespace, configMap("unlabelled", "one", "x"), configMap("owned", "one", "x"), configMap("replaced", "one", "x"), claim), apply.Options{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	maps := c.Typed.CoreV1().ConfigMaps(namespace)
	patch := func(name, patch string) {
		_, err := maps.Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl"})
		require.NoError(t, err)
	}
	patch("unlabelled", `{"metadata":{"labels":{"app.kubernetes.io/managed-by":"helm"}}}`)
	root, err := maps.Get(t.Context(), "replaced", metav1.GetOptions{})
	require.NoError(t, err)
	patch("owned", fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"replaced","uid":%q}]}}`, root.UID))
	_, err = write.Delete(within(t, time.Minute), c, clustertest.Objects(t, namespace, configMap("replaced", "one", "x")))
	require.NoError(t, err)
	_, err = apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, configMap("replaced", "two", "x")), apply.Options{})
	require.NoError(t, err)

	next, err := apply.NewPlan(t.Context(), c, nil, apply.Options{Former: plan.Refs()})
	require.NoError(t, err)
	require.Empty(t, next.Changes)
	require.False(t, next.Writes())
	notes := map[string]string{}
	for _, kept := range next.Kept {
		notes[kept.Name] = kept.Note
	}
	require.Contains(t, notes["unlabelled"], "label")
	require.Contains(t, notes["data"], "--prune PersistentVolumeClaim/data")
	require.NotContains(t, notes, "replaced", "another object has its name now")

	named, err := apply.NewPlan(t.Context(), c, nil, apply.Options{Former: plan.Refs(), Prune: []string{"PersistentVolumeClaim/data"}})
	require.NoError(t, err)
	require.Equal(t, map[string]write.Action{"PersistentVolumeClaim data": write.Deleted}, actions(named.Changes))
	later, err := apply.NewPlan(t.Context(), c, nil, apply.Options{Former: next.Refs(), Prune: []string{"PersistentVolumeClaim/data"}})
	require.NoError(t, err)
	require.Equal(t, map[string]write.Action{"PersistentVolumeClaim data": write.Deleted}, actions(later.Changes), "forgotten by the release that kept it")
}

func TestRestorePutsBackWhatAdmissionHadSet(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	service := func(more string) []*unstructured.Unstructured {
		return clustertest.Objects(t, namespace, "{apiVersion: v1, kind: Service, metadata: {name: api, labels: {slipway.dev/run: one}}, spec: {selector: {app: api}, ports: [{port: 80}]"+more+"}}")
	}
	_, err := apply.Apply(t.Context(), c, service(""), apply.Options{})
	require.NoError(t, err)
	policy := func() any {
		live, err := c.Typed.CoreV1().Services(namespace).Get(t.Context(), "api", metav1.GetOptions{})
		require.NoError(t, err)
		return string(*live.Spec.InternalTrafficPolicy)
	}
	for range 2 { // the second time the value is the undo's
		plan, err := apply.NewPlan(t.Context(), c, service(", internalTrafficPolicy: Local"), apply.Options{})
		require.NoError(t, err)
		record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "two"}, plan, records.Release{})
		require.NoError(t, err)
		_, err = apply.Carry(t.Context(), c, plan, nil)
		require.NoError(t, err)
		require.Equal(t, "Local", policy())
		_, _, err = records.Restore(within(t, time.Minute), c, record)
		require.NoError(t, err)
		require.Equal(t, "Cluster", policy())
		changes, err := apply.Apply(t.Context(), c, service(""), apply.Options{})
		require.NoError(t, err)
		require.Equal(t, write.Unchanged, changes[0].Action)
		require.Equal(t, "Cluster", policy())
	}
}

func TestRestoreBringsBackASecretThatWasWrittenAsText(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	secret := func(name, run, value string) string {
		return fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: %s, labels: {app.kubernetes.io/managed-by: slipway, slipway.dev/run: %s}}, stringData: {password: %s}}", name, run, value)
	}
	values := func() map[string]string {
		out := map[string]string{}
		list, err := c.Typed.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: managed.LabelRun})
		require.NoError(t, err)
		for _, found := range list.Items {
			out[found.Name] = string(found.Data["password"])
		}
		return out
	}
	plan, err := apply.NewPlan(t.Context(), c, clustertest.Objects(t, namespace, secret("changed", "one", "correct-horse"), secret("pruned", "one", "battery")), apply.Options{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	before := values()
	next, err := apply.NewPlan(t.Context(), c, clustertest.Objects(t, namespace, secret("changed", "two", "staple")), apply.Options{Former: plan.Refs()})
	require.NoError(t, err)
	record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "two"}, next, records.Release{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, next, nil)
	require.NoError(t, err)
	_, err = apply.Prune(within(t, time.Minute), c, next)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"changed": "staple"}, values())
	_, _, err = records.Restore(within(t, time.Minute), c, record)
	require.NoError(t, err)
	require.Equal(t, before, values())
	again := clustertest.Objects(t, namespace, secret("changed", "three", "staple"), secret("pruned", "three", "battery"))
	changes, err := apply.Apply(t.Context(), c, again, apply.Options{})
	require.NoError(t, err)
	require.Equal(t, map[string]write.Action{"Secret changed": write.Configured, "Secret pruned": write.Unchanged}, actions(changes))
	require.Equal(t, map[string]string{"changed": "staple", "pruned": "battery"}, values())
}

func TestRestoreGivesAServiceTheNodePortsThatItHad(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for _, taken := range []bool{false, true} {
		t.Run(fmt.Sprintf("somebody has one by now: %v", taken), func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t, c)
			service := func(kind string) []*unstructured.Unstructured {
				return clustertest.Objects(t, namespace, "{apiVersion: v1, kind: Service, metadata: {name: web, labels: {app.kubernetes.io/managed-by: slipway}}, spec: {type: "+kind+", ports: [{name: a, port: 80}, {name: b, port: 81}]}}")
			}
			ports := func() (out []int32) {
				live, err := c.Typed.CoreV1().Services(namespace).Get(t.Context(), "web", metav1.GetOptions{})
				require.NoError(t, err)
				for _, port := range live.Spec.Ports {
					out = append(out, port.NodePort)
				}
				return out
			}
			_, err := apply.Apply(t.Context(), c, service("NodePort"), apply.Options{})
			require.NoError(t, err)
			before := ports()
			next, err := apply.NewPlan(t.Context(), c, service("ClusterIP"), apply.Options{})
			require.NoError(t, err)
			record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "two", Version: "2", Back: "1"}, next, records.Release{})
			require.NoError(t, err)
			_, err = apply.Carry(t.Context(), c, next, nil)
			require.NoError(t, err)
			require.Equal(t, []int32{0, 0}, ports())
			if taken {
				other := clustertest.Objects(t, namespace, fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: other}, spec: {type: NodePort, ports: [{port: 80, nodePort: %d}]}}", before[0]))
				_, err := apply.Apply(t.Context(), c, other, apply.Options{})
				require.NoError(t, err)
			}
			for range 2 { // a recovery that was killed is done again
				_, _, err = records.Restore(within(t, time.Minute), c, record)
				require.NoError(t, err)
			}
			if !taken {
				require.Equal(t, before, ports())
			}
			require.NotContains(t, ports(), int32(0))
			again, err := apply.NewPlan(t.Context(), c, service("NodePort"), apply.Options{})
			require.NoError(t, err)
			require.False(t, again.Writes(), "the ports are still ours")
		})
	}
}
