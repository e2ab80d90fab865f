package integration

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/scripts/light"
)

// kubectl runs the real one, with documents on its input.
func kubectl(t *testing.T, documents string, args ...string) string {
	t.Helper()
	programs, err := light.Build(t.Context(), "../../..")
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), programs.Kubectl, append([]string{"--kubeconfig", os.Getenv("SLIPWAY_TEST_KUBECONFIG")}, args...)...)
	command.Stdin = strings.NewReader(documents)
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%v: %s", args, out)
	return string(out)
}

// adopted is an application as its owners ran it before: a StatefulSet with a claim, a
// Deployment with one variable more than the overlay has, and a quantity in other words.
func adopted(more string) string {
	return `
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {selector: {app: api}, ports: [{name: http, port: 8080, targetPort: http}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, annotations: {example.com/team.name: shop}}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: api
        image: ` + testImage() + `
        env: [{name: DATABASE_HOST, value: 127.0.0.1}` + more + `]
        ports: [{name: http, containerPort: 8080}]
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 1000m}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  replicas: 0
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: store, image: ` + testImage() + `, volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}`
}

const extra = `, {name: EXTRA, value: "1"}`

// overlaid are the objects as an overlay renders them: with labels.
func overlaid(t *testing.T, namespace string) []*unstructured.Unstructured {
	t.Helper()
	out := clustertest.Objects(t, namespace, adopted(""))
	for _, object := range out {
		object.SetLabels(map[string]string{managed.LabelManagedBy: managed.FieldManager, managed.LabelRun: "one"})
	}
	return out
}

// whole is all of the objects that somebody wrote, and who wrote what when.
func whole(t *testing.T, c *cluster.Cluster, objects []*unstructured.Unstructured) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, object := range objects {
		live := liveOf(t, c, object)
		taken := live.DeepCopy()
		unstructured.RemoveNestedField(taken.Object, "status")
		for _, field := range []string{"resourceVersion", "generation", "uid", "creationTimestamp"} {
			unstructured.RemoveNestedField(taken.Object, "metadata", field)
		}
		annotations := taken.GetAnnotations()
		delete(annotations, "deployment.kubernetes.io/revision")
		taken.SetAnnotations(annotations)
		entries := taken.GetManagedFields()
		for i := len(entries) - 1; i >= 0; i-- { // the controller's, which counts revisions and may come at any time
			if entries[i].Manager == "kube-controller-manager" || entries[i].Subresource == "status" {
				entries = append(entries[:i], entries[i+1:]...)
			}
		}
		taken.SetManagedFields(entries)
		out[managed.Describe(object)] = taken.Object
	}
	return out
}

func asJSON(value any) string {
	out, _ := json.Marshal(value)
	return string(out)
}

func liveOf(t *testing.T, c *cluster.Cluster, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	found, err := c.Resource(t.Context(), object)
	require.NoError(t, err)
	live, err := c.Get(t.Context(), found, object)
	require.NoError(t, err)
	require.NotNil(t, live, managed.Describe(object))
	return live
}

// requireTaken deploys, finds that all is ours and nothing of the former is left, and
// then puts it back field by field, with its managers.
func requireTaken(t *testing.T, c *cluster.Cluster, namespace string, opts apply.Options, managers string) {
	t.Helper()
	wanted := overlaid(t, namespace)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, nil), "controllers write until then")
	before := whole(t, c, wanted)
	plan, err := apply.NewPlan(t.Context(), c, wanted, opts)
	require.NoError(t, err)
	for _, change := range plan.Changes {
		require.Equal(t, "what "+managers+" set becomes Slipway's", change.Note, change.Name)
	}
	for _, preview := range plan.Preview() {
		if preview.Kind == "Deployment" {
			var fields []string
			for _, field := range preview.Fields {
				fields = append(fields, field.Path)
			}
			require.Contains(t, strings.Join(fields, "\n"), "EXTRA")
			require.NotContains(t, strings.Join(fields, "\n"), "DATABASE_HOST", "it stays as it is")
		}
	}
	record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "one"}, plan, records.Release{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	live := liveOf(t, c, wanted[1])
	require.NotContains(t, asJSON(live.Object["spec"]), "EXTRA")
	require.NotContains(t, live.GetAnnotations(), corev1.LastAppliedConfigAnnotation)
	require.Equal(t, "shop", live.GetAnnotations()["example.com/team.name"])
	for _, object := range wanted {
		for _, entry := range liveOf(t, c, object).GetManagedFields() {
			require.True(t, entry.Manager == managed.FieldManager || entry.Manager == "kube-controller-manager" || entry.Subresource == "status", asJSON(entry))
		}
	}
	again, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	require.False(t, again.Writes(), "%s", asJSON(again.Preview()))
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, nil))
	for range 2 { // done again it changes nothing
		_, _, err = records.Restore(within(t, time.Minute), c, record)
		require.NoError(t, err)
		require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, nil))
		require.Equal(t, before, whole(t, c, wanted))
	}
}

func TestWhatKubectlAppliedIsTakenOverAtTheFirstDeployAndGivenBack(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	kubectl(t, adopted(extra), "apply", "-n", namespace, "-f", "-")
	again := kubectl(t, adopted(extra), "apply", "-n", namespace, "-f", "-")
	requireTaken(t, c, namespace, apply.Options{}, "kubectl-client-side-apply")
	require.Equal(t, again, kubectl(t, adopted(extra), "apply", "-n", namespace, "-f", "-"), "kubectl finds what it had")
}

func TestWhatOthersAppliedIsTakenOverWhenTheyAreNamed(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for manager, named := range map[string]string{"kubectl": "kubectl", "kustomize-controller": "kustomize-controller", "argocd-controller": "argocd-controller", "before-first-apply": "before-first-apply"} {
		t.Run(manager, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t, c)
			kubectl(t, strings.ReplaceAll(adopted(extra), "replicas: 2", "replicas: 3"), "apply", "-n", namespace, "-f", "-", "--server-side", "--field-manager", manager)
			_, err := apply.NewPlan(t.Context(), c, overlaid(t, namespace), apply.Options{})
			refused := clustertest.RequireClass(t, err, cluster.Admission)
			require.Contains(t, refused.Cause, "field .spec.replicas is set by \""+manager+"\"")
			require.Contains(t, refused.Cause, ", to 3; the overlay says 2")
			require.Contains(t, refused.Try, "--take-over "+named)
			requireTaken(t, c, namespace, apply.Options{TakeOver: []string{named}}, manager)
		})
	}
}

func TestAllThatPeopleSetIsSaidAtOnceWithTheTwoWaysOn(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	_, err := apply.Apply(t.Context(), c, overlaid(t, namespace), apply.Options{})
	require.NoError(t, err)
	requireAdmitted(t, c, overlaid(t, namespace), apply.Options{})
	kubectl(t, "", "-n", namespace, "scale", "deployment", "api", "--replicas=3")
	kubectl(t, "", "-n", namespace, "set", "env", "deployment", "api", "DATABASE_HOST=elsewhere", "DEBUG=1")
	kubectl(t, "", "-n", namespace, "patch", "service", "api", "-p", `{"spec":{"ports":[{"port":8080,"targetPort":9090}]}}`)
	for name, check := range map[string]func(opts apply.Options) error{
		"plan": func(opts apply.Options) error {
			_, err := apply.NewPlan(t.Context(), c, overlaid(t, namespace), opts)
			return err
		},
		"before the build": func(opts apply.Options) error {
			_, err := apply.Admit(t.Context(), c, overlaid(t, namespace), opts)
			return err
		},
	} {
		refused := clustertest.RequireClass(t, check(apply.Options{}), cluster.Admission)
		require.Len(t, refused.Evidence, 3, name)
		all := strings.Join(refused.Evidence, "\n")
		require.Regexp(t, `Deployment `+namespace+`/api: field .spec.replicas is set by "kubectl" with subresource "scale" using apps/v1, to 3; the overlay says 2`, all)
		require.Contains(t, all, `is set by "kubectl-set" using apps/v1 at 20`)
		require.Contains(t, all, `, to 9090; the overlay says "http"`)
		require.Contains(t, all, `, to "elsewhere"; the overlay says "127.0.0.1"`)
		require.Contains(t, all, "Service "+namespace+`/api: field .spec.ports[port=8080,protocol="TCP"].targetPort is set by "kubectl-patch"`)
		require.Contains(t, refused.Try, "--leave '")
		require.True(t, strings.HasSuffix(refused.Try, "--take-over kubectl"), refused.Try)
		require.NotContains(t, refused.Error(), "\n")
		leave := strings.Split(strings.SplitN(refused.Try, "'", 3)[1], "'")
		require.NoError(t, check(apply.Options{Leave: leave}), name)
	}
	left, err := apply.Apply(t.Context(), c, overlaid(t, namespace), apply.Options{Leave: []string{"Deployment/api:spec.replicas,Deployment/api:spec.template.spec.containers[name=api].env[name=DATABASE_HOST]", "Service/api:spec.ports"}})
	require.NoError(t, err)
	require.Contains(t, left[1].Note+left[0].Note+left[2].Note, "spec.replicas is left as kubectl has set it")
	live := liveOf(t, c, overlaid(t, namespace)[1])
	require.Contains(t, asJSON(live.Object["spec"]), `"replicas":3`)
	require.Contains(t, asJSON(live.Object["spec"]), "elsewhere")

	_, err = apply.Apply(t.Context(), c, overlaid(t, namespace), apply.Options{TakeOver: []string{"kubectl"}})
	require.NoError(t, err)
	live = liveOf(t, c, overlaid(t, namespace)[1])
	require.Contains(t, asJSON(live.Object["spec"]), `"replicas":2`)
	require.NotContains(t, asJSON(live.Object["spec"]), "elsewhere")
	require.NotContains(t, asJSON(live.Object["spec"]), "DEBUG", "taken back with what it had added")
	requireAdmitted(t, c, overlaid(t, namespace), apply.Options{})
}

func TestValuesThatOnlyNotationOrDefaultsTellApartAreNoConflict(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	same := strings.NewReplacer("cpu: 1000m", "cpu: 1", "port: 8080, targetPort", "port: 8080, protocol: TCP, targetPort", "storage: 1Mi", "storage: 1048576").Replace(adopted(""))
	kubectl(t, same, "create", "-n", namespace, "-f", "-")
	plan, err := apply.NewPlan(t.Context(), c, overlaid(t, namespace), apply.Options{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, liveOf(t, c, overlaid(t, namespace)[1]).GetGeneration(), "its pods were replaced")
}

func TestALeaveThatNamesNothingIsRefused(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	for _, leave := range []string{"Deployment/api", "Deployment/other:spec.replicas", "spec.replicas", "Deployment/api:"} {
		_, err := apply.NewPlan(t.Context(), c, overlaid(t, namespace), apply.Options{Leave: []string{leave}})
		clustertest.RequireClass(t, err, cluster.Misconfigured)
	}
	list, err := c.Typed.AppsV1().Deployments(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Empty(t, list.Items)
}

func TestEveryConflictOfManyObjectsIsSaid(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	const number = 60 // more than are tried one by one
	many := func(value string) (documents []string) {
		for i := range number {
			documents = append(documents, configMap(fmt.Sprint("settings-", i), "one", value))
		}
		return documents
	}
	_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, namespace, many("x")...), apply.Options{})
	require.NoError(t, err)
	kubectl(t, strings.Join(many("theirs"), "\n---\n"), "apply", "-n", namespace, "-f", "-", "--server-side", "--force-conflicts")
	_, err = apply.NewPlan(t.Context(), c, clustertest.Objects(t, namespace, many("y")...), apply.Options{})
	refused := clustertest.RequireClass(t, err, cluster.Admission)
	require.Len(t, refused.Evidence, number)
	require.Contains(t, refused.Error(), fmt.Sprintf("with it %d fields of %d objects are set by others", number, number))
	require.Less(t, len(refused.Error()), 2000)
}

func TestASecretThatIsTakenOverIsShownNowhere(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	secret := func(value string) string {
		return "{apiVersion: v1, kind: Secret, metadata: {name: password}, data: {password: " + base64.StdEncoding.EncodeToString([]byte(value)) + "}}"
	}
	user := func(value string) string { // who wrote the value where it can be seen
		return "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {url: " + value + "}}"
	}
	kubectl(t, secret("before-the-edit")+"\n---\n"+user("x"), "apply", "-n", namespace, "-f", "-")
	kubectl(t, "", "-n", namespace, "patch", "secret", "password", "-p", `{"stringData":{"password":"edited-since"}}`)
	kubectl(t, "", "-n", namespace, "patch", "configmap", "settings", "-p", `{"data":{"url":"edited-since"}}`)
	wanted := clustertest.Objects(t, namespace, secret("from-the-overlay"), user("from-the-overlay"))
	_, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{})
	refused := clustertest.RequireClass(t, err, cluster.Admission)
	shown := refused.Error() + strings.Join(refused.Evidence, "\n")
	require.Contains(t, shown, "Secret "+namespace+"/password: field .data.password is set by")

	plan, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{TakeOver: []string{"kubectl"}})
	require.NoError(t, err)
	told, err := json.Marshal(plan.Preview())
	require.NoError(t, err)
	for _, preview := range plan.Preview() {
		shown += fmt.Sprint(preview.Hunks)
	}
	_, err = records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "one"}, plan, records.Release{})
	require.NoError(t, err)
	changes, err := apply.Carry(t.Context(), c, plan, func(object, state string) { shown += object + state })
	require.NoError(t, err)
	shown += string(told) + fmt.Sprint(changes)
	for _, value := range []string{"before-the-edit", "edited-since", "from-the-overlay"} {
		require.NotContains(t, shown, value)
		require.NotContains(t, shown, base64.StdEncoding.EncodeToString([]byte(value)))
	}
}

func TestATakeOverThatWasKilledHalfWayIsGivenBack(t *testing.T) {
	t.Parallel()
	for writes := range int32(6) {
		t.Run(fmt.Sprintf("after %d writes", writes), func(t *testing.T) {
			t.Parallel()
			takeOverUntilKilled(t, writes)
		})
	}
}

func takeOverUntilKilled(t *testing.T, writes int32) {
	t.Helper()
	c := connect(t)
	namespace := newNamespace(t, c)
	kubectl(t, adopted(extra), "apply", "-n", namespace, "-f", "-")
	wanted := overlaid(t, namespace)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, nil))
	before := whole(t, c, wanted)
	plan, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	_, err = records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "killed"}, plan, records.Release{})
	require.NoError(t, err)
	_, err = apply.Carry(killedAfter(t, writes), c, plan, nil)
	require.ErrorIs(t, err, cluster.ErrLost)

	undos, _, err := records.Undos(t.Context(), c, namespace)
	require.NoError(t, err)
	require.NoError(t, records.FenceOff(t.Context(), c, undos[0]))
	_, _, err = records.Restore(within(t, time.Minute), c, undos[0])
	require.NoError(t, err)
	require.Equal(t, before, whole(t, c, wanted))
}

func TestCustomObjectsAreTakenOverToo(t *testing.T) {
	t.Parallel()
	_, c := ownCluster(t)
	namespace := newNamespace(t, c)
	_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, "", definition("slipway.test", "v1", "Widget", "widgets")), apply.Options{})
	require.NoError(t, err)
	widget := func(fields string) []*unstructured.Unstructured {
		return clustertest.Objects(t, namespace, "{apiVersion: slipway.test/v1, kind: Widget, metadata: {name: w}, spec: {"+fields+"}}")
	}
	theirs := widget("size: 3, colour: red, extra: 1")[0]
	found, err := c.Resource(t.Context(), theirs)
	require.NoError(t, err)
	_, err = c.In(found, namespace).Apply(t.Context(), "w", theirs, metav1.ApplyOptions{FieldManager: "kustomize-controller"})
	require.NoError(t, err)
	before := whole(t, c, []*unstructured.Unstructured{theirs})
	_, err = apply.NewPlan(t.Context(), c, widget("size: 2, colour: red"), apply.Options{})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Admission), `field .spec.size is set by "kustomize-controller" at 20`)
	plan, err := apply.NewPlan(t.Context(), c, widget("size: 2, colour: red"), apply.Options{TakeOver: []string{"kustomize-controller"}})
	require.NoError(t, err)
	record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "one"}, plan, records.Release{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"size": int64(2), "colour": "red"}, liveOf(t, c, theirs).Object["spec"])
	_, _, err = records.Restore(within(t, time.Minute), c, record)
	require.NoError(t, err)
	require.Equal(t, before, whole(t, c, []*unstructured.Unstructured{theirs}))
}
