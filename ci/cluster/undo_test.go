package cluster

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// configMap is one that run has written.
func configMap(name, run, value string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, labels: {app.kubernetes.io/managed-by: slipway, slipway.dev/run: %s}}, data: {value: %q}}", name, run, value)
}

// stateOf returns the contents of a namespace's ConfigMaps, server's fields aside.
func stateOf(t *testing.T, c *Cluster, namespace string) map[string]any {
	t.Helper()
	list, err := c.dynamic.Resource(configMaps).Namespace(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	out := map[string]any{}
	for _, item := range list.Items {
		if item.GetName() != "kube-root-ca.crt" {
			out[item.GetName()] = map[string]any{"data": item.Object["data"], "labels": item.GetLabels(), "ours": ownedFields(&item).Object}
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
			former := Objects(t, namespace, configMap("same", "one", "x"), configMap("changed", "one", "x"), configMap("pruned", "one", "x"))
			plan, err := c.Plan(t.Context(), former, ApplyOptions{})
			require.NoError(t, err)
			_, err = c.Carry(t.Context(), plan, nil)
			require.NoError(t, err)
			_, err = c.typed.CoreV1().ConfigMaps(namespace).Patch(t.Context(), "changed", types.MergePatchType, []byte(`{"data":{"of-others":"stays"}}`), metav1.PatchOptions{FieldManager: "kubectl"})
			require.NoError(t, err)
			before := stateOf(t, c, namespace)

			wanted := Objects(t, namespace, configMap("same", "two", "x"), configMap("changed", "two", "y"), configMap("new", "two", "y"))
			next, err := c.Plan(t.Context(), wanted, ApplyOptions{Former: plan.Refs()})
			require.NoError(t, err)
			require.Equal(t, map[string]Action{"ConfigMap same": Unchanged, "ConfigMap changed": Configured, "ConfigMap new": Created, "ConfigMap pruned": Deleted}, actions(next.Changes))
			_, err = c.SaveUndo(t.Context(), UndoRecord{Namespace: namespace, Run: "two", Version: "2", Back: "1"}, next, Release{})
			require.NoError(t, err)
			switch carried {
			case "a half":
				_, err = c.Carry(killedAfter(t, 1), next, nil)
				require.ErrorIs(t, err, ErrLost)
			case "everything":
				_, err = c.Carry(t.Context(), next, nil)
				require.NoError(t, err)
				gone, err := c.Prune(within(t, time.Minute), next)
				require.NoError(t, err)
				require.Equal(t, map[string]Action{"ConfigMap pruned": Deleted}, actions(gone))
				require.NotEqual(t, before, stateOf(t, c, namespace))
			}

			found, _, err := c.Undos(t.Context(), namespace) // as the next run finds it
			require.NoError(t, err)
			require.Len(t, found, 1)
			require.Equal(t, "1", found[0].Back)
			for range 2 { // a recovery that was killed is done again
				_, _, err = c.Restore(within(t, time.Minute), found[0])
				require.NoError(t, err)
				require.Equal(t, before, stateOf(t, c, namespace))
			}
			require.NoError(t, c.ForgetUndo(t.Context(), found[0]))
			left, _, err := c.Undos(t.Context(), namespace)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

func TestRestoreGivesAnAdoptedObjectBack(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	_, err := c.dynamic.Resource(configMaps).Namespace(namespace).Create(t.Context(),
		Objects(t, namespace, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {value: x}}")[0], metav1.CreateOptions{FieldManager: "kubectl-create"})
	require.NoError(t, err)
	before := stateOf(t, c, namespace)
	plan, err := c.Plan(t.Context(), Objects(t, namespace, configMap("a", "one", "x")), ApplyOptions{})
	require.NoError(t, err)
	record, err := c.SaveUndo(t.Context(), UndoRecord{Namespace: namespace, Run: "one"}, plan, Release{})
	require.NoError(t, err)
	_, err = c.Carry(t.Context(), plan, nil)
	require.NoError(t, err)
	require.NotEqual(t, before, stateOf(t, c, namespace))
	_, _, err = c.Restore(within(t, time.Minute), record)
	require.NoError(t, err)
	require.Equal(t, before, stateOf(t, c, namespace))
}

func TestRestoreLeavesWhatAnotherMadeUnderTheSameName(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	plan, err := c.Plan(t.Context(), Objects(t, namespace, configMap("a", "one", "x")), ApplyOptions{})
	require.NoError(t, err)
	record, err := c.SaveUndo(t.Context(), UndoRecord{Namespace: namespace, Run: "one"}, plan, Release{})
	require.NoError(t, err)
	_, err = c.Apply(t.Context(), Objects(t, namespace, configMap("a", "two", "x")), ApplyOptions{})
	require.NoError(t, err)
	before := stateOf(t, c, namespace)
	changes, _, err := c.Restore(within(t, time.Minute), record)
	require.NoError(t, err)
	require.Empty(t, changes)
	require.Equal(t, before, stateOf(t, c, namespace))
}

func TestPruneKeepsWhatIsNotCertainlyOurs(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	const claim = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, labels: {app.kubernetes.io/managed-by: slipway}}, spec: {storageClassName: none, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}"
	plan, err := c.Plan(t.Context(), Objects(t, namespace, configMap("unlabelled", "one", "x"), configMap("owned", "one", "x"), configMap("replaced", "one", "x"), claim), ApplyOptions{})
	require.NoError(t, err)
	_, err = c.Carry(t.Context(), plan, nil)
	require.NoError(t, err)
	maps := c.typed.CoreV1().ConfigMaps(namespace)
	patch := func(name, patch string) {
		_, err := maps.Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl"})
		require.NoError(t, err)
	}
	patch("unlabelled", `{"metadata":{"labels":{"app.kubernetes.io/managed-by":"helm"}}}`)
	root, err := maps.Get(t.Context(), "replaced", metav1.GetOptions{})
	require.NoError(t, err)
	patch("owned", fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"replaced","uid":%q}]}}`, root.UID))
	_, err = c.Delete(within(t, time.Minute), Objects(t, namespace, configMap("replaced", "one", "x")))
	require.NoError(t, err)
	_, err = c.Apply(t.Context(), Objects(t, namespace, configMap("replaced", "two", "x")), ApplyOptions{})
	require.NoError(t, err)

	next, err := c.Plan(t.Context(), nil, ApplyOptions{Former: plan.Refs()})
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

	named, err := c.Plan(t.Context(), nil, ApplyOptions{Former: plan.Refs(), Prune: []string{"PersistentVolumeClaim/data"}})
	require.NoError(t, err)
	require.Equal(t, map[string]Action{"PersistentVolumeClaim data": Deleted}, actions(named.Changes))
	later, err := c.Plan(t.Context(), nil, ApplyOptions{Former: next.Refs(), Prune: []string{"PersistentVolumeClaim/data"}})
	require.NoError(t, err)
	require.Equal(t, map[string]Action{"PersistentVolumeClaim data": Deleted}, actions(later.Changes), "forgotten by the release that kept it")
}

func TestRestorePutsBackWhatAdmissionHadSet(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	service := func(more string) []*unstructured.Unstructured {
		return Objects(t, namespace, "{apiVersion: v1, kind: Service, metadata: {name: api, labels: {slipway.dev/run: one}}, spec: {selector: {app: api}, ports: [{port: 80}]"+more+"}}")
	}
	_, err := c.Apply(t.Context(), service(""), ApplyOptions{})
	require.NoError(t, err)
	policy := func() any {
		live, err := c.typed.CoreV1().Services(namespace).Get(t.Context(), "api", metav1.GetOptions{})
		require.NoError(t, err)
		return string(*live.Spec.InternalTrafficPolicy)
	}
	for range 2 { // the second time the value is the undo's
		plan, err := c.Plan(t.Context(), service(", internalTrafficPolicy: Local"), ApplyOptions{})
		require.NoError(t, err)
		record, err := c.SaveUndo(t.Context(), UndoRecord{Namespace: namespace, Run: "two"}, plan, Release{})
		require.NoError(t, err)
		_, err = c.Carry(t.Context(), plan, nil)
		require.NoError(t, err)
		require.Equal(t, "Local", policy())
		_, _, err = c.Restore(within(t, time.Minute), record)
		require.NoError(t, err)
		require.Equal(t, "Cluster", policy())
		changes, err := c.Apply(t.Context(), service(""), ApplyOptions{})
		require.NoError(t, err)
		require.Equal(t, Unchanged, changes[0].Action)
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
		list, err := c.typed.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: LabelRun})
		require.NoError(t, err)
		for _, found := range list.Items {
			out[found.Name] = string(found.Data["password"])
		}
		return out
	}
	plan, err := c.Plan(t.Context(), Objects(t, namespace, secret("changed", "one", "correct-horse"), secret("pruned", "one", "battery")), ApplyOptions{})
	require.NoError(t, err)
	_, err = c.Carry(t.Context(), plan, nil)
	require.NoError(t, err)
	before := values()
	next, err := c.Plan(t.Context(), Objects(t, namespace, secret("changed", "two", "staple")), ApplyOptions{Former: plan.Refs()})
	require.NoError(t, err)
	record, err := c.SaveUndo(t.Context(), UndoRecord{Namespace: namespace, Run: "two"}, next, Release{})
	require.NoError(t, err)
	_, err = c.Carry(t.Context(), next, nil)
	require.NoError(t, err)
	_, err = c.Prune(within(t, time.Minute), next)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"changed": "staple"}, values())
	_, _, err = c.Restore(within(t, time.Minute), record)
	require.NoError(t, err)
	require.Equal(t, before, values())
	again := Objects(t, namespace, secret("changed", "three", "staple"), secret("pruned", "three", "battery"))
	changes, err := c.Apply(t.Context(), again, ApplyOptions{})
	require.NoError(t, err)
	require.Equal(t, map[string]Action{"Secret changed": Configured, "Secret pruned": Unchanged}, actions(changes))
	require.Equal(t, map[string]string{"changed": "staple", "pruned": "battery"}, values())
}
