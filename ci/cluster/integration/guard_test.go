package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/account"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/write"
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
	refused := map[string]string{"a token": tokenSecret(account.Account), "the account itself": `{apiVersion: v1, kind: ServiceAccount, metadata: {name: slipway}}`,
		"a custom kind's": `{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: api}, spec: {template: {spec: {serviceAccountName: slipway}}}}`,
		"a list's":        `{apiVersion: example.com/v1, kind: Fleet, metadata: {name: api}, spec: {groups: [{pods: [{serviceAccount: slipway}]}]}}`}
	let := map[string]string{"a token of another": tokenSecret("api"), "another account": `{apiVersion: v1, kind: ServiceAccount, metadata: {name: api}}`,
		"text":   `{apiVersion: v1, kind: ConfigMap, metadata: {name: api}, data: {serviceAccountName: slipway}}`,
		"a role": `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: api}, subjects: [{kind: ServiceAccount, name: slipway}]}`}
	for kind := range holders {
		refused[kind], refused[kind+" by the former name"] = podAs(kind, "serviceAccountName", account.Account), podAs(kind, "serviceAccount", account.Account)
		let[kind] = podAs(kind, "serviceAccountName", "api")
	}
	for kind := range account.Templates {
		require.Contains(t, holders, kind, "a kind of pods is not tried")
	}
	for name, object := range refused {
		err := account.CheckIdentity(clustertest.Objects(t, "shop-build", podAs("Pod", "serviceAccountName", "api"), object))
		require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Admission), "the pipeline's own", name)
	}
	for name, object := range let {
		require.NoError(t, account.CheckIdentity(clustertest.Objects(t, "shop-build", object)), name)
	}
	err := account.CheckIdentity(clustertest.Objects(t, "shop-build", podAs("Job", "serviceAccountName", account.Account)))
	require.EqualError(t, err, "Job shop-build/api: its pods would run as ServiceAccount slipway, which is the pipeline's own; name another serviceAccountName in the overlay, or none")
}

// guarded makes a namespace with its policy, which goes with the test.
func guarded(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	namespace := newNamespace(t, c)
	guard, err := account.Guard(namespace, map[string]string{managed.LabelManagedBy: managed.FieldManager})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := write.Delete(context.Background(), c, guard)
		require.NoError(t, err)
	})
	_, err = apply.Apply(t.Context(), c, guard, apply.Options{})
	require.NoError(t, err)
	require.NoError(t, account.AwaitGuard(t.Context(), c, namespace))
	return namespace
}

func TestTheAPIServerLetsNoPodActAsThePipeline(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace, beside := guarded(t, c), newNamespace(t, c)
	create := func(namespace, document string) error {
		object := clustertest.Objects(t, namespace, document)[0]
		found, err := c.Resource(t.Context(), object)
		require.NoError(t, err)
		_, err = c.In(found, namespace).Create(t.Context(), object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	refused := func(err error, says string) {
		t.Helper()
		require.True(t, apierrors.IsForbidden(err), "%v", err)
		require.ErrorContains(t, err, account.GuardName(namespace))
		require.ErrorContains(t, err, says)
	}
	for _, account := range []string{account.Account, "api"} { // a pod needs one that is there
		for _, at := range []string{namespace, beside} {
			_, err := apply.Apply(t.Context(), c, clustertest.Objects(t, at, fmt.Sprintf(`{apiVersion: v1, kind: ServiceAccount, metadata: {name: %s}}`, account)), apply.Options{})
			require.NoError(t, err)
		}
	}
	for kind := range holders {
		refused(create(namespace, podAs(kind, "serviceAccountName", account.Account)), "no pod may run as ServiceAccount slipway")
		refused(create(namespace, podAs(kind, "serviceAccount", account.Account)), "no pod may run as ServiceAccount slipway")
		require.NoError(t, create(namespace, podAs(kind, "serviceAccountName", "api")), kind)
		require.NoError(t, create(beside, podAs(kind, "serviceAccountName", account.Account)), "of another namespace: %s", kind)
	}
	refused(create(namespace, tokenSecret(account.Account)), "no Secret may hold a token")
	require.NoError(t, create(namespace, tokenSecret("api")))
	require.NoError(t, create(beside, tokenSecret(account.Account)))
	require.NoError(t, create(namespace, `{apiVersion: v1, kind: Secret, metadata: {name: plain, annotations: {kubernetes.io/service-account.name: slipway}}}`))
}

// What was there before the policy cannot be changed into what it forbids, nor kept in
// use, but removed: also in the foreground, which writes it once more.
func TestWhatIsThereIsHeldToThePolicyWhenItIsWritten(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	former := clustertest.Objects(t, namespace, podAs("Deployment", "serviceAccountName", account.Account), tokenSecret(account.Account))
	_, err := apply.Apply(t.Context(), c, former, apply.Options{})
	require.NoError(t, err)
	guard, err := account.Guard(namespace, nil)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := write.Delete(context.Background(), c, guard)
		require.NoError(t, err)
	})
	_, err = apply.Apply(t.Context(), c, guard, apply.Options{})
	require.NoError(t, err)
	require.NoError(t, account.AwaitGuard(t.Context(), c, namespace))

	require.NoError(t, unstructured.SetNestedField(former[0].Object, int64(1), "spec", "replicas"))
	_, err = apply.Apply(t.Context(), c, former[:1], apply.Options{})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Admission), "no pod may run as ServiceAccount slipway")
	_, err = write.Delete(within(t, time.Minute), c, former)
	require.NoError(t, err)
}
