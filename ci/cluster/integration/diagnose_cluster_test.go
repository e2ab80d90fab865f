package integration

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
)

// fails applies documents and returns the error by which Wait ends, which must be
// of a class and must come within a time.
func fails(t *testing.T, class cluster.Class, limit time.Duration, documents ...string) *cluster.Error {
	t.Helper()
	c := connect(t)
	needKubelet(t, c)
	return failsIn(t, c, newNamespace(t, c), class, limit, documents...)
}

func failsIn(t *testing.T, c *cluster.Cluster, namespace string, class cluster.Class, limit time.Duration, documents ...string) *cluster.Error {
	t.Helper()
	wanted := clustertest.Objects(t, namespace, documents...)
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	start := time.Now()
	found := clustertest.RequireClass(t, rollout.Wait(within(t, 2*limit*slack()+10*time.Second), c, wanted, nil), class)
	t.Logf("%.1fs: %s\n\t%s", time.Since(start).Seconds(), found, strings.Join(found.Evidence, "\n\t"))
	require.Less(t, time.Since(start), limit*slack())
	return found
}

// slack is what a busy machine may add; SLIPWAY_TEST_ALONE, with -parallel 1 on an
// idle machine, holds the diagnosis to the times themselves.
func slack() time.Duration {
	if os.Getenv("SLIPWAY_TEST_ALONE") != "" {
		return 1
	}
	return 4
}

// crashing gives a container a setting with which the application ends at once.
func crashing(container map[string]any) {
	container["env"] = append(container["env"].([]any), map[string]any{"name": "LOG_LEVEL", "value": "loud"})
}

func TestACrashLoopWithoutAnyProbeIsFoundWithItsLog(t *testing.T) {
	t.Parallel()
	crashed := fails(t, cluster.Crash, 20*time.Second, probedApp(func(_, _, container map[string]any) {
		delete(container, "readinessProbe")
		crashing(container)
	}))
	require.Contains(t, crashed.Cause, "container api crashes again and again, with exit code 1 (Error)")
	require.Contains(t, strings.Join(crashed.Evidence, "\n"), "LOG_LEVEL")
}

func TestACrashLoopWithAProbeIsFoundWithItsLog(t *testing.T) {
	t.Parallel()
	crashed := fails(t, cluster.Crash, 20*time.Second, probedApp(func(_, _, container map[string]any) { crashing(container) }))
	require.Contains(t, strings.Join(crashed.Evidence, "\n"), "LOG_LEVEL")
}

func TestAnInitContainerThatCrashesIsNamedAsSuch(t *testing.T) {
	t.Parallel()
	crashed := fails(t, cluster.Crash, 20*time.Second, probedApp(func(_, pod, container map[string]any) {
		crashing(container)
		pod["initContainers"] = []any{map[string]any{"name": "migrate", "image": container["image"], "env": container["env"]}}
	}))
	require.Contains(t, crashed.Cause, "init container migrate crashes again and again")
	require.Contains(t, strings.Join(crashed.Evidence, "\n"), "LOG_LEVEL")
}

func TestAnInitContainersImageThatDoesNotExistIsFoundFast(t *testing.T) {
	t.Parallel()
	missing := fails(t, cluster.Image, 10*time.Second, probedApp(func(_, pod, container map[string]any) {
		pod["initContainers"] = []any{map[string]any{"name": "migrate", "image": testImage() + "-that-is-not-there"}}
	}))
	require.Contains(t, missing.Cause, "the registry does not have it")
}

func TestAContainerThatIsOutOfMemoryIsToldWithItsLimit(t *testing.T) {
	t.Parallel()
	killed := fails(t, cluster.Crash, 25*time.Second, probedApp(func(_, _, container map[string]any) {
		container["image"] = "postgres:17"
		container["command"] = []any{"/bin/sh", "-c", "sleep 0.5; x=0123456789; while :; do x=$x$x; done"}
		container["resources"] = map[string]any{"limits": map[string]any{"memory": "32Mi"}}
	}))
	require.Contains(t, killed.Cause, "uses more memory than its limit of 32Mi") // for certain, or where the runtime missed it, likely
}

func TestAContainerThatEndsWithoutAnErrorIsToldToBeNoService(t *testing.T) {
	t.Parallel()
	ended := fails(t, cluster.Crash, 20*time.Second, probedApp(func(_, _, container map[string]any) {
		container["image"], container["command"] = "postgres:17", []any{"/bin/sh", "-c", "exit 0"}
	}))
	require.Contains(t, ended.Cause, "it is meant to keep running")
}

func TestACommandThatDoesNotExistIsFoundFast(t *testing.T) {
	t.Parallel()
	broken := fails(t, cluster.Crash, 20*time.Second, probedApp(func(_, _, container map[string]any) { container["command"] = []any{"/no-such-program"} }))
	require.Contains(t, broken.Cause, "/no-such-program")
}

func TestAReadinessProbeThatNeverPassesIsToldWithItsLastWords(t *testing.T) {
	t.Parallel()
	late := fails(t, cluster.NeverReady, 20*time.Second, probedApp(func(deployment, _, container map[string]any) {
		deployment["progressDeadlineSeconds"] = int64(8)
		container["readinessProbe"].(map[string]any)["httpGet"].(map[string]any)["path"] = "/no-such-page"
	}))
	require.Contains(t, late.Cause, "readiness probe fails: HTTP probe failed with statuscode: 404")
}

func TestAContainerKilledByItsLivenessProbeIsToldSo(t *testing.T) {
	t.Parallel()
	killed := fails(t, cluster.NeverReady, 25*time.Second, probedApp(func(_, _, container map[string]any) {
		container["livenessProbe"] = map[string]any{"periodSeconds": int64(1), "failureThreshold": int64(1), "httpGet": map[string]any{"port": int64(1), "path": "/"}}
		container["readinessProbe"].(map[string]any)["httpGet"].(map[string]any)["path"] = "/no-such-page"
	}))
	require.Contains(t, killed.Cause, "container api is killed again and again because its liveness probe fails: ")
}

func TestASecretThatAVolumeMissesIsNamed(t *testing.T) {
	t.Parallel()
	missing := fails(t, cluster.Misconfigured, 15*time.Second, probedApp(func(_, pod, container map[string]any) {
		container["volumeMounts"] = []any{map[string]any{"name": "v", "mountPath": "/v"}}
		pod["volumes"] = []any{map[string]any{"name": "v", "secret": map[string]any{"secretName": "nowhere"}}}
	}))
	require.Contains(t, missing.Cause, "mounts secret nowhere, which does not exist")
}

func TestAConfigMapThatTheEnvironmentMissesIsNamed(t *testing.T) {
	t.Parallel()
	missing := fails(t, cluster.Misconfigured, 15*time.Second, probedApp(func(_, _, container map[string]any) {
		container["envFrom"] = []any{map[string]any{"configMapRef": map[string]any{"name": "nowhere"}}}
	}))
	require.Contains(t, missing.Cause, `configmap "nowhere" not found`)
}

func TestAClaimThatDoesNotExistIsNamed(t *testing.T) {
	t.Parallel()
	missing := fails(t, cluster.Misconfigured, 15*time.Second, probedApp(func(_, pod, _ map[string]any) {
		pod["volumes"] = []any{map[string]any{"name": "v", "persistentVolumeClaim": map[string]any{"claimName": "nowhere"}}}
	}))
	require.Contains(t, missing.Cause, "mounts PersistentVolumeClaim nowhere, which does not exist")
}

func TestAClaimThatNobodyProvidesAVolumeForIsNamed(t *testing.T) {
	t.Parallel()
	pending := fails(t, cluster.Unschedulable, 15*time.Second,
		"{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: nobody-provides, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}",
		probedApp(func(_, pod, _ map[string]any) {
			pod["volumes"] = []any{map[string]any{"name": "v", "persistentVolumeClaim": map[string]any{"claimName": "data"}}}
		}))
	require.Contains(t, pending.Cause, "nobody-provides")
}

func TestPodSecurityThatRefusesADeploymentsPodsIsNamed(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	label := []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`)
	_, err := c.Typed.CoreV1().Namespaces().Patch(t.Context(), namespace, "application/merge-patch+json", label, metav1.PatchOptions{})
	require.NoError(t, err)
	refused := failsIn(t, c, namespace, cluster.Admission, 5*time.Second, probedApp(nil))
	require.Contains(t, refused.Cause, "violates PodSecurity")
}

func TestAServiceAccountThatDoesNotExistIsNamed(t *testing.T) {
	t.Parallel()
	missing := fails(t, cluster.Misconfigured, 12*time.Second, probedApp(func(_, pod, _ map[string]any) { pod["serviceAccountName"] = "nobody" }))
	require.Contains(t, missing.Cause, `serviceaccount "nobody" not found`)
}

func job(fields, command string) string {
	return `{apiVersion: batch/v1, kind: Job, metadata: {name: migrate}, spec: {` + fields + `, template: {spec: {restartPolicy: Never, terminationGracePeriodSeconds: 1,
  containers: [{name: migrate, image: "postgres:17", command: [/bin/sh, -c, "` + command + `"]}]}}}}`
}

func TestAJobThatFailsIsToldWithItsExitCodeAndLog(t *testing.T) {
	t.Parallel()
	failed := fails(t, cluster.Crash, 15*time.Second, job("backoffLimit: 0", "echo no such table; exit 3"))
	require.Contains(t, failed.Cause, "failed after its backoffLimit of 0; container migrate of pod migrate-")
	require.Contains(t, failed.Cause, "exit code 3")
	require.Contains(t, strings.Join(failed.Evidence, "\n"), "no such table")
}

func TestAJobThatTakesTooLongIsToldWithItsDeadline(t *testing.T) {
	t.Parallel()
	failed := fails(t, cluster.Crash, 15*time.Second, job("activeDeadlineSeconds: 3", "sleep 60"))
	require.Contains(t, failed.Cause, "it was not complete after its activeDeadlineSeconds of 3")
}

func TestAJobThatIsSuspendedIsToldSo(t *testing.T) {
	t.Parallel()
	require.Contains(t, fails(t, cluster.Misconfigured, 5*time.Second, job("suspend: true", "exit 0")).Cause, "is suspended")
}

func TestADeploymentThatIsPausedIsToldSo(t *testing.T) {
	t.Parallel()
	require.Contains(t, fails(t, cluster.Misconfigured, 5*time.Second, probedApp(func(deployment, _, _ map[string]any) { deployment["paused"] = true })).Cause, "is paused")
}

func TestARecreateThatFailsSaysThatNothingServesAnyMore(t *testing.T) {
	t.Parallel()
	c := connect(t)
	needKubelet(t, c)
	namespace := newNamespace(t, c)
	recreate := func(deployment, _, _ map[string]any) { deployment["strategy"] = map[string]any{"type": "Recreate"} }
	wanted := clustertest.Objects(t, namespace, probedApp(recreate))
	_, err := apply.Apply(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, wanted, nil))
	failed := failsIn(t, c, namespace, cluster.Image, 15*time.Second, probedApp(func(deployment, pod, container map[string]any) {
		recreate(deployment, pod, container)
		container["image"] = testImage() + "-that-is-not-there"
	}))
	require.Contains(t, strings.Join(failed.Evidence, "\n"), "strategy is Recreate: the old pods are gone already")
}
