package e2e

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/slipway-cd/slipway/ci/report"
)

// scenario is a deploy that must fail over a production that runs.
type scenario struct {
	name       string
	around     func(t *testing.T, w *world, n namespaces) // what else is there; it cleans up after itself
	patch, add string                                     // of the production overlay
	args       []string
	code       int
	within     float64  // seconds, of the stage that fails
	says       []string // in cause, evidence and what to try
	unwritten  bool     // refused before anything was written
	short      bool     // also with -short
}

// Each test has a production of its own, and its scenarios follow each other: all
// of them begin with what the first run deployed and must end with it.

func TestADeployThatIsRefusedWritesNothing(t *testing.T) {
	scenarios(t, "refused", []scenario{
		{name: "an immutable field", code: 30, within: 5, unwritten: true,
			patch: "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: postgres}, spec: {podManagementPolicy: Parallel}}",
			says:  []string{"StatefulSet ", "/postgres", "spec.podManagementPolicy cannot be changed", "Forbidden", "delete the object"}},
		{name: "a field that another manager has set", code: 30, within: 5, unwritten: true, around: annotatedByHand,
			patch: `{apiVersion: v1, kind: Service, metadata: {name: api, annotations: {team: ours}}}`,
			says:  []string{"Service ", "/api", "metadata.annotations.team", "kubectl-annotate"}},
		{name: "a webhook that is down", code: 30, within: 10, unwritten: true, around: webhookDown,
			patch: container("env: [{name: LOG_LEVEL, value: debug}]"),
			says:  []string{"Deployment ", "/api", "failed calling webhook", "down.slipway.test"}},
		{name: "a quota on the number of objects", code: 30, within: 5, unwritten: true,
			add:  services(20),
			says: []string{"exceeded quota", "services"}},
	})
}

func TestADeployWhosePodsCannotStartIsPutBack(t *testing.T) {
	absent := "initContainers: [{name: absent, image: 'registry.slipway.local:5000/go-demo:absent', " + hardened + "}]"
	scenarios(t, "pods", []scenario{
		{name: "quota", code: 30, within: 5,
			patch: container("resources: {requests: {memory: 900Mi}, limits: {memory: 900Mi}}"),
			says:  []string{"Deployment ", "/api", "exceeded quota", "requests.memory", "free some of the quota"}},
		{name: "Pod Security", code: 30, within: 5, unwritten: true,
			patch: container("securityContext: {allowPrivilegeEscalation: true}"),
			says:  []string{"Deployment ", "/api", "PodSecurity", "allowPrivilegeEscalation"}},
		{name: "image", code: 31, within: 10, short: true, patch: pods(absent),
			says: []string{"Deployment ", "/api", "registry.slipway.local:5000/go-demo:absent", "cannot be pulled", "not found"}},
		{name: "registry down", code: 31, within: 30, patch: pods(strings.Replace(absent, ":5000", ":1", 1)),
			says: []string{"Deployment ", "/api", "registry.slipway.local:1/go-demo:absent", "cannot be pulled", "connection refused"}},
		{name: "no node", code: 34, within: 20, patch: pods("nodeSelector: {slipway.test/none: such}"),
			says: []string{"Deployment ", "/api", "cannot be scheduled", "node"}},
		{name: "no volume", code: 34, within: 20,
			add:  "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: more}, spec: {storageClassName: absent, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}",
			says: []string{"PersistentVolumeClaim ", "/more", `storageclass.storage.k8s.io "absent" not found`}},
		{name: "paused", code: 2, within: 5,
			patch: deployment("paused: true, template: {metadata: {annotations: {changed: 'yes'}}}"),
			says:  []string{"Deployment ", "/api", "paused"}},
	})
}

func TestADeployWhoseContainersEndIsPutBack(t *testing.T) {
	invalid := "env: [{name: DRAIN_DELAY, value: nonsense}]"
	scenarios(t, "crash", []scenario{
		{name: "crash loop", code: 32, within: 20, patch: container(invalid),
			says: []string{"Deployment ", "/api", "container api", "exit code 1", `DRAIN_DELAY: "nonsense"`}},
		{name: "Recreate with a version that crashes", code: 32, within: 25,
			patch: deployment("strategy: {type: Recreate, rollingUpdate: null}, template: {spec: {containers: [{name: api, " + invalid + "}]}}"),
			says:  []string{"Deployment ", "/api", "container api", "exit code 1", `DRAIN_DELAY: "nonsense"`}},
		{name: "out of memory", code: 32, within: 20,
			patch: pods("initContainers: [{name: eater, image: 'postgres:17', command: [tail, /dev/zero], resources: {limits: {memory: 32Mi}, requests: {memory: 32Mi}}, " + hardened + "}]"),
			says:  []string{"Deployment ", "/api", "container eater", "OOM", "memory limit"}},
		{name: "Job", code: 32, within: 15,
			add: "{apiVersion: batch/v1, kind: Job, metadata: {name: migrate}, spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, " +
				"securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, " +
				"containers: [{name: migrate, image: 'postgres:17', command: [sh, -c, 'echo no such column; exit 3'], " + hardened + "}]}}}}",
			says: []string{"Job ", "/migrate", "failed", "no such column"}},
	})
}

func TestADeployThatNobodyCanUseIsPutBack(t *testing.T) {
	scenarios(t, "unused", []scenario{
		{name: "readiness never, until the Deployment's deadline", code: 33, within: 25,
			patch: deployment("progressDeadlineSeconds: 10, template: {spec: {containers: [{name: api, readinessProbe: {httpGet: {path: /never}}}]}}"),
			says:  []string{"Deployment ", "/api", "container api", "never became ready", "404"}},
		{name: "readiness never, until the stage's deadline", code: 33, within: 31, args: []string{"--stage-timeout", "30s"},
			patch: container("readinessProbe: {httpGet: {path: /never}}"),
			says:  []string{"Deployment ", "/api", "container api", "never became ready", "404"}},
		{name: "an Ingress of a class that nobody serves", code: 35, within: 31, args: []string{"--stage-timeout", "30s"},
			patch: "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: api}, spec: {ingressClassName: nobody}}",
			says:  []string{"Ingress ", "/api", "address", "check that it has taken these rules"}},
	})
}

func scenarios(t *testing.T, name string, all []scenario) {
	w := sandbox(t)
	n := w.newNamespaces(t, name)
	r := w.newRepository(t, n.production)
	first := w.pipeline(t, r, n)
	require.Equal(t, 0, first.code, first.stdout+first.stderr)
	for _, c := range all {
		if testing.Short() && !c.short {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			if c.around != nil {
				c.around(t, w, n)
			}
			before := w.snapshot(t, n)
			r := r.branch(t)
			r.overlay(c.patch, c.add)
			done := w.pipeline(t, r, n, append(c.args, "--version", first.report.Version)...)
			require.Equal(t, c.code, done.code, done.stdout+done.stderr)
			c.requireFailure(t, done)
			after := w.snapshot(t, n)
			if c.unwritten {
				require.NotContains(t, strings.Join(done.results(), " "), "undo", "there was something to undo")
				requireSame(t, before.without(lock(n)), after.without(lock(n)), "something was written")
			} else {
				require.True(t, done.report.Undo.Done)
				require.Empty(t, done.report.Undo.Error)
				requireSame(t, before.restored(n), after.restored(n), "production is not as it was")
			}
			require.Equal(t, first.report.Version, w.productionVersion(t, first))
		})
	}
}

// requireFailure compares what an engineer is told, and when.
func (c scenario) requireFailure(t *testing.T, done ended) {
	t.Helper()
	for _, stage := range done.report.Stages {
		if stage.Result != report.Failed {
			continue
		}
		require.Contains(t, []string{"deploy", "production"}, stage.Name)
		told := strings.Join(append([]string{stage.Error, stage.Try}, stage.Evidence...), "\n")
		t.Logf("%s after %.1f s: %s", stage.Name, stage.Seconds, told)
		for _, part := range c.says {
			require.Contains(t, told, part)
		}
		require.Less(t, stage.Seconds, c.within*slack(), "the cause was final long before")
		return
	}
	require.Empty(t, done.results(), "no stage failed")
	t.Logf("before the first stage: %s", done.stderr)
	for _, part := range c.says {
		require.Contains(t, done.stderr, part)
	}
}

// slack is what a busy machine adds to the time until a cause is known: even so a
// run must end long before its deadline. SLIPWAY_TEST_ALONE, with -parallel 1 on an
// idle machine, holds runs to the times themselves.
func slack() float64 {
	if os.Getenv("SLIPWAY_TEST_ALONE") != "" {
		return 1
	}
	return 4
}

// services are so many Services.
func services(count int) string {
	var out []string
	for i := range count {
		out = append(out, "{apiVersion: v1, kind: Service, metadata: {name: more-"+string(rune('a'+i))+"}, spec: {selector: {app: more}, ports: [{port: 80}]}}")
	}
	return strings.Join(out, "\n---\n")
}

// annotatedByHand is a person who has set a field.
func annotatedByHand(t *testing.T, w *world, n namespaces) {
	annotate := func(value string) {
		patch := []byte(`{"metadata":{"annotations":{"team":` + value + `}}}`)
		_, err := w.typed.CoreV1().Services(n.production).Patch(context.Background(), "api", types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "kubectl-annotate"})
		require.NoError(t, err)
	}
	annotate(`"theirs"`)
	t.Cleanup(func() { annotate("null") })
}

// webhookDown is a webhook that must be asked for every Deployment of the
// namespace, and does not answer.
func webhookDown(t *testing.T, w *world, n namespaces) {
	hooks := w.typed.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	_, err := hooks.Create(t.Context(), &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: webhookName(n)},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name:                    "down.slipway.test",
			AdmissionReviewVersions: []string{"v1"},
			SideEffects:             ptr.To(admissionv1.SideEffectClassNone),
			ClientConfig:            admissionv1.WebhookClientConfig{URL: ptr.To("https://127.0.0.1:1/")},
			NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": n.production}},
			Rules: []admissionv1.RuleWithOperations{{Operations: []admissionv1.OperationType{admissionv1.OperationAll},
				Rule: admissionv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"*"}, Resources: []string{"deployments"}}}},
		}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, hooks.Delete(context.Background(), webhookName(n), metav1.DeleteOptions{}))
	})
}

func webhookName(n namespaces) string { return "down-" + n.production }
