package cluster

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// holders are one object of each kind that holds a pod's spec, with the %s of that
// spec left open.
var holders = map[string]string{
	"Pod":                   `{apiVersion: v1, kind: Pod, metadata: {name: api}, spec: %s}`,
	"PodTemplate":           `{apiVersion: v1, kind: PodTemplate, metadata: {name: api}, template: {metadata: {labels: {app: api}}, spec: %s}}`,
	"ReplicationController": `{apiVersion: v1, kind: ReplicationController, metadata: {name: api}, spec: {replicas: 0, selector: {app: api}, template: {metadata: {labels: {app: api}}, spec: %s}}}`,
	"Deployment":            `{apiVersion: apps/v1, kind: Deployment, metadata: {name: api}, spec: {replicas: 0, selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: %s}}}`,
	"StatefulSet":           `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: api}, spec: {replicas: 0, serviceName: api, selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: %s}}}`,
	"DaemonSet":             `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: api}, spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: %s}}}`,
	"ReplicaSet":            `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: api}, spec: {replicas: 0, selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: %s}}}`,
	"Job":                   `{apiVersion: batch/v1, kind: Job, metadata: {name: api}, spec: {suspend: true, template: {spec: %s}}}`,
	"CronJob":               `{apiVersion: batch/v1, kind: CronJob, metadata: {name: api}, spec: {suspend: true, schedule: "0 0 1 1 *", jobTemplate: {spec: {template: {spec: %s}}}}}`,
}

func podAs(kind, field, account string) string {
	restart := "Always"
	if kind == "Job" || kind == "CronJob" {
		restart = "Never"
	}
	return fmt.Sprintf(holders[kind], fmt.Sprintf(`{%s: %s, nodeSelector: {nowhere: "true"}, restartPolicy: %s, containers: [{name: api, image: registry.example/app:1}]}`, field, account, restart))
}

func tokenSecret(account string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Secret, metadata: {name: token-%[1]s, annotations: {kubernetes.io/service-account.name: %[1]s}}, type: kubernetes.io/service-account-token}`, account)
}

func TestNoObjectMayLetAPodActAsThePipeline(t *testing.T) {
	t.Parallel()
	refused := map[string]string{"a token": tokenSecret(Account), "the account itself": `{apiVersion: v1, kind: ServiceAccount, metadata: {name: slipway}}`,
		"a custom kind's": `{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: api}, spec: {template: {spec: {serviceAccountName: slipway}}}}`,
		"a list's":        `{apiVersion: example.com/v1, kind: Fleet, metadata: {name: api}, spec: {groups: [{pods: [{serviceAccount: slipway}]}]}}`}
	let := map[string]string{"a token of another": tokenSecret("api"), "another account": `{apiVersion: v1, kind: ServiceAccount, metadata: {name: api}}`,
		"text":   `{apiVersion: v1, kind: ConfigMap, metadata: {name: api}, data: {serviceAccountName: slipway}}`,
		"a role": `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: api}, subjects: [{kind: ServiceAccount, name: slipway}]}`}
	for kind := range holders {
		refused[kind], refused[kind+" by the former name"] = podAs(kind, "serviceAccountName", Account), podAs(kind, "serviceAccount", Account)
		let[kind] = podAs(kind, "serviceAccountName", "api")
	}
	for kind := range templates {
		require.Contains(t, holders, kind, "a kind of pods is not tried")
	}
	for name, object := range refused {
		err := CheckIdentity(Objects(t, "shop-build", podAs("Pod", "serviceAccountName", "api"), object))
		require.ErrorContains(t, RequireClass(t, err, Admission), "the pipeline's own", name)
	}
	for name, object := range let {
		require.NoError(t, CheckIdentity(Objects(t, "shop-build", object)), name)
	}
	err := CheckIdentity(Objects(t, "shop-build", podAs("Job", "serviceAccountName", Account)))
	require.EqualError(t, err, "Job shop-build/api: its pods would run as ServiceAccount slipway, which is the pipeline's own; name another serviceAccountName in the overlay, or none")
}

// guarded makes a namespace with its policy, which goes with the test.
func guarded(t *testing.T, c *Cluster) string {
	t.Helper()
	namespace := newNamespace(t, c)
	guard, err := Guard(namespace, map[string]string{LabelManagedBy: FieldManager})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := c.Delete(context.Background(), guard)
		require.NoError(t, err)
	})
	_, err = c.Apply(t.Context(), guard, ApplyOptions{})
	require.NoError(t, err)
	require.NoError(t, c.AwaitGuard(t.Context(), namespace))
	return namespace
}

func TestTheAPIServerLetsNoPodActAsThePipeline(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace, beside := guarded(t, c), newNamespace(t, c)
	create := func(namespace, document string) error {
		object := Objects(t, namespace, document)[0]
		found, err := c.resource(t.Context(), object)
		require.NoError(t, err)
		_, err = c.in(found, namespace).Create(t.Context(), object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	refused := func(err error, says string) {
		t.Helper()
		require.True(t, apierrors.IsForbidden(err), "%v", err)
		require.ErrorContains(t, err, GuardName(namespace))
		require.ErrorContains(t, err, says)
	}
	for _, account := range []string{Account, "api"} { // a pod needs one that is there
		for _, at := range []string{namespace, beside} {
			_, err := c.Apply(t.Context(), Objects(t, at, fmt.Sprintf(`{apiVersion: v1, kind: ServiceAccount, metadata: {name: %s}}`, account)), ApplyOptions{})
			require.NoError(t, err)
		}
	}
	for kind := range holders {
		refused(create(namespace, podAs(kind, "serviceAccountName", Account)), "no pod may run as ServiceAccount slipway")
		refused(create(namespace, podAs(kind, "serviceAccount", Account)), "no pod may run as ServiceAccount slipway")
		require.NoError(t, create(namespace, podAs(kind, "serviceAccountName", "api")), kind)
		require.NoError(t, create(beside, podAs(kind, "serviceAccountName", Account)), "of another namespace: %s", kind)
	}
	refused(create(namespace, tokenSecret(Account)), "no Secret may hold a token")
	require.NoError(t, create(namespace, tokenSecret("api")))
	require.NoError(t, create(beside, tokenSecret(Account)))
	require.NoError(t, create(namespace, `{apiVersion: v1, kind: Secret, metadata: {name: plain, annotations: {kubernetes.io/service-account.name: slipway}}}`))
}

// What was there before the policy cannot be changed into what it forbids, nor kept in
// use, but removed: also in the foreground, which writes it once more.
func TestWhatIsThereIsHeldToThePolicyWhenItIsWritten(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	former := Objects(t, namespace, podAs("Deployment", "serviceAccountName", Account), tokenSecret(Account))
	_, err := c.Apply(t.Context(), former, ApplyOptions{})
	require.NoError(t, err)
	guard, err := Guard(namespace, nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := c.Delete(context.Background(), guard)
		require.NoError(t, err)
	})
	_, err = c.Apply(t.Context(), guard, ApplyOptions{})
	require.NoError(t, err)
	require.NoError(t, c.AwaitGuard(t.Context(), namespace))

	require.NoError(t, unstructured.SetNestedField(former[0].Object, int64(1), "spec", "replicas"))
	_, err = c.Apply(t.Context(), former[:1], ApplyOptions{})
	require.ErrorContains(t, RequireClass(t, err, Admission), "no pod may run as ServiceAccount slipway")
	_, err = c.Delete(within(t, time.Minute), former)
	require.NoError(t, err)
}
