package integration

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/ci/cluster/rollout"
	"github.com/slipway-cd/slipway/ci/cluster/write"
)

// migration is a Job as a run renders it, whose template only the command tells apart.
func migration(t *testing.T, namespace, run, command string) []*unstructured.Unstructured {
	t.Helper()
	objects := clustertest.Objects(t, namespace, job("backoffLimit: 0", command))
	objects[0].SetLabels(map[string]string{managed.LabelManagedBy: managed.FieldManager, managed.LabelRun: run, managed.LabelVersion: run})
	return objects
}

// runMigration deploys it and returns when it has run.
func runMigration(t *testing.T, c *cluster.Cluster, objects []*unstructured.Unstructured) *apply.Plan {
	t.Helper()
	plan, err := apply.NewPlan(t.Context(), c, objects, apply.Options{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, objects, nil))
	return plan
}

// migrations returns the namespace's Jobs: one, or none.
func migrations(t *testing.T, c *cluster.Cluster, namespace string) []batchv1.Job {
	t.Helper()
	list, err := c.Typed.BatchV1().Jobs(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	return list.Items
}

func TestAJobThatHasEndedIsReplacedWhenItsTemplateChanges(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	runMigration(t, c, migration(t, namespace, "one", "exit 0"))
	former := migrations(t, c, namespace)[0]

	plan, err := apply.NewPlan(t.Context(), c, migration(t, namespace, "two", "exit 00"), apply.Options{})
	require.NoError(t, err)
	require.Equal(t, write.Configured, plan.Changes[0].Action)
	require.Contains(t, plan.Changes[0].Note, "replaced: ")
	require.Contains(t, clustertest.Shown(plan.Preview()[0].Hunks), "exit 00")
	require.Equal(t, former.UID, migrations(t, c, namespace)[0].UID, "a plan writes nothing")

	changes, err := apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	require.Equal(t, map[string]write.Action{"Job migrate": write.Configured}, actions(changes))
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, migration(t, namespace, "two", "exit 00"), nil))
	now := migrations(t, c, namespace)
	require.Len(t, now, 1)
	require.NotEqual(t, former.UID, now[0].UID)
	require.Equal(t, plan.Refs()[0].UID, now[0].UID)
	pods, err := c.Typed.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: batchv1.ControllerUidLabel + "=" + string(former.UID)})
	require.NoError(t, err)
	require.Empty(t, pods.Items)
}

func TestAJobRunsAgainOnlyWhenItsTemplateChanges(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	runMigration(t, c, migration(t, namespace, "one", "exit 0"))
	former := migrations(t, c, namespace)[0]
	again := migration(t, namespace, "two", "exit 0")
	changes, err := apply.Apply(t.Context(), c, again, apply.Options{})
	require.NoError(t, err)
	require.Equal(t, map[string]write.Action{"Job migrate": write.Configured}, actions(changes), "its label tells another version")
	require.NotContains(t, changes[0].Note, "replaced")
	require.Equal(t, former.UID, migrations(t, c, namespace)[0].UID)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, again, nil), "that it is complete still counts")
}

func TestAJobThatStillRunsIsNotChangedAndNothingElseIs(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for state, fields := range map[string]string{"still runs": "nodeSelector: {nowhere: here}", "is suspended": ""} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t, c)
			document := func(command string) []*unstructured.Unstructured {
				text := job("suspend: true", command)
				if fields != "" {
					text = strings.Replace(job("backoffLimit: 0", command), "restartPolicy", fields+", restartPolicy", 1)
				}
				return clustertest.Objects(t, namespace, text)
			}
			_, err := apply.Apply(t.Context(), c, document("exit 0"), apply.Options{})
			require.NoError(t, err)
			former := migrations(t, c, namespace)[0]
			changes, err := apply.Apply(t.Context(), c, append(clustertest.Objects(t, namespace, configMap("new", "two", "x")), document("exit 00")...), apply.Options{})
			clustertest.RequireClass(t, err, cluster.Admission)
			require.EqualError(t, err, "Job "+namespace+"/migrate: "+state+", and the template of a Job cannot be changed; wait until it has ended, or delete it, then start again")
			require.Empty(t, changes)
			require.Empty(t, stateOf(t, c, namespace))
			require.Equal(t, former.UID, migrations(t, c, namespace)[0].UID)
		})
	}
}

func TestAReplacementThatTheServerWouldRefuseIsRefusedBeforeTheJobIsRemoved(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	runMigration(t, c, migration(t, namespace, "one", "exit 0"))
	next := migration(t, namespace, "two", "exit 00")
	require.NoError(t, unstructured.SetNestedField(next[0].Object, "Always", "spec", "template", "spec", "restartPolicy"))
	_, err := apply.Apply(t.Context(), c, next, apply.Options{})
	refused := clustertest.RequireClass(t, err, cluster.Admission)
	require.Equal(t, "Job "+namespace+"/migrate", refused.Object)
	require.Contains(t, refused.Cause, `Job.batch "migrate" is invalid: spec.template.spec.restartPolicy`)
	require.Len(t, migrations(t, c, namespace), 1)
}

func TestAJobOfAnotherToolIsReplacedOnlyWhenItIsTakenOver(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	theirs := clustertest.Objects(t, namespace, job("backoffLimit: 0", "exit 0"))
	_, err := c.Dynamic.Resource(cluster.Jobs).Namespace(namespace).Create(t.Context(), theirs[0], metav1.CreateOptions{FieldManager: "helm"})
	require.NoError(t, err)
	require.NoError(t, rollout.Wait(within(t, time.Minute), c, theirs, nil))
	former := migrations(t, c, namespace)[0]
	next := migration(t, namespace, "one", "exit 00")
	_, err = apply.NewPlan(t.Context(), c, next, apply.Options{})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Admission), `.spec.template.spec.containers[name="migrate"].command is set by "helm"`)
	plan, err := apply.NewPlan(t.Context(), c, next, apply.Options{TakeOver: []string{"helm"}})
	require.NoError(t, err)
	require.Contains(t, plan.Changes[0].Note, "what helm set becomes Slipway's, replaced")
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	require.NotEqual(t, former.UID, migrations(t, c, namespace)[0].UID)
}

func TestTheWayBackNeverRunsAJobThatHadEnded(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for _, carried := range []string{"nothing", "a half", "everything"} {
		t.Run(carried, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t, c)
			runMigration(t, c, migration(t, namespace, "one", "exit 0"))
			former := migrations(t, c, namespace)[0]
			next, err := apply.NewPlan(t.Context(), c, migration(t, namespace, "two", "exit 00"), apply.Options{})
			require.NoError(t, err)
			_, err = records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "two"}, next, records.Release{})
			require.NoError(t, err)
			want := map[string]write.Action{}
			switch carried {
			case "a half":
				changes, err := apply.Carry(killedAfter(t, 1), c, next, nil)
				require.ErrorIs(t, err, cluster.ErrLost)
				require.Equal(t, map[string]write.Action{"Job migrate": write.Deleted}, actions(changes), "it is gone, and said to be")
			case "everything":
				_, err = apply.Carry(t.Context(), c, next, nil)
				require.NoError(t, err)
				want["Job migrate"] = write.Deleted
			}
			found, _, err := records.Undos(t.Context(), c, namespace)
			require.NoError(t, err)
			require.Len(t, found[0].Ended, 1)
			require.Contains(t, found[0].ByHand(), "kubectl -n "+namespace+" delete job -l slipway.dev/run=two")
			for i := range 2 { // a recovery that was killed is done again
				changes, _, err := records.Restore(within(t, time.Minute), c, found[0])
				require.NoError(t, err)
				if i == 0 {
					require.Equal(t, want, actions(changes))
				}
				if carried == "nothing" {
					require.Equal(t, former.UID, migrations(t, c, namespace)[0].UID)
				} else {
					require.Empty(t, migrations(t, c, namespace))
				}
			}
			plan := runMigration(t, c, migration(t, namespace, "three", "exit 000"))
			require.NotEqual(t, former.UID, plan.Refs()[0].UID, "the next deploy runs its own")
		})
	}
}

func TestTheWayBackMakesNoJobThatHasGoneSinceItEnded(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	first := runMigration(t, c, migration(t, namespace, "one", "exit 0"))
	undo := func(run string, wanted []*unstructured.Unstructured) {
		next, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{Former: first.Refs()})
		require.NoError(t, err)
		record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: run}, next, records.Release{})
		require.NoError(t, err)
		_, err = apply.Carry(t.Context(), c, next, nil)
		require.NoError(t, err)
		_, err = apply.Prune(within(t, time.Minute), c, next)
		require.NoError(t, err)
		_, err = write.Delete(within(t, time.Minute), c, migration(t, namespace, "one", "")) // as ttlSecondsAfterFinished does
		require.NoError(t, err)
		_, _, err = records.Restore(within(t, time.Minute), c, record)
		require.NoError(t, err)
		require.Empty(t, migrations(t, c, namespace))
	}
	undo("labelled", migration(t, namespace, "two", "exit 0"))
	first = runMigration(t, c, migration(t, namespace, "one", "exit 0"))
	undo("pruned", clustertest.Objects(t, namespace, configMap("new", "three", "x")))
}

func TestTheRequestToRemoveAJobThatComesLateIsRefused(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	runMigration(t, c, migration(t, namespace, "one", "exit 0"))
	next, err := apply.NewPlan(t.Context(), c, migration(t, namespace, "two", "exit 00"), apply.Options{})
	require.NoError(t, err)
	record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "two"}, next, records.Release{})
	require.NoError(t, err)
	former := migrations(t, c, namespace)[0]
	require.NoError(t, records.FenceOff(t.Context(), c, record))
	_, err = apply.Carry(killedAfter(t, 9), c, next, nil)
	require.ErrorIs(t, err, cluster.ErrLost)
	left := migrations(t, c, namespace)[0]
	require.Equal(t, former.UID, left.UID)
	require.Equal(t, former.Labels, left.Labels)
	require.Equal(t, []managed.Ref{{APIVersion: "batch/v1", Kind: "Job", Namespace: namespace, Name: "migrate", Run: "two"}}, record.Awaited())
}

func TestJobsAreLeftAsTheyAreWhenAskedFor(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	current := runMigration(t, c, migration(t, namespace, "two", "exit 00"))
	former := migrations(t, c, namespace)[0]
	wanted := append(clustertest.Objects(t, namespace, configMap("settings", "one", "x")), migration(t, namespace, "one", "exit 0")...)
	plan, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{Former: current.Refs(), KeepJobs: true})
	require.NoError(t, err)
	require.Equal(t, map[string]write.Action{"ConfigMap settings": write.Created}, actions(plan.Changes))
	require.Equal(t, map[string]write.Action{"Job migrate": write.Unchanged}, actions(plan.Kept))
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	_, err = apply.Prune(t.Context(), c, plan)
	require.NoError(t, err)
	require.Equal(t, former.UID, migrations(t, c, namespace)[0].UID)
	refs := plan.Refs()
	require.Equal(t, former.UID, refs[len(refs)-1].UID, "a later release may prune it")
}

func TestAJobIsReplacedWhereAQuotaLeavesNoRoomForASecond(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	runMigration(t, c, migration(t, namespace, "one", "exit 0"))
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "jobs"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/jobs.batch": resource.MustParse("1")}}}
	_, err := c.Typed.CoreV1().ResourceQuotas(namespace).Create(t.Context(), quota, metav1.CreateOptions{})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		live, err := c.Typed.CoreV1().ResourceQuotas(namespace).Get(t.Context(), "jobs", metav1.GetOptions{})
		return err == nil && live.Status.Used["count/jobs.batch"] == resource.MustParse("1")
	}, 10*time.Second, 50*time.Millisecond)
	former := migrations(t, c, namespace)[0]
	runMigration(t, c, migration(t, namespace, "two", "exit 00"))
	require.NotEqual(t, former.UID, migrations(t, c, namespace)[0].UID)
}

func TestHooksOfOtherToolsRunBeforeAndAfterTheRest(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	hook := func(name, annotation, value string) []*unstructured.Unstructured {
		objects := migration(t, namespace, "one", "exit 0")
		objects[0].SetName(name)
		objects[0].SetAnnotations(map[string]string{annotation: value})
		return objects
	}
	wanted := clustertest.Objects(t, namespace, configMap("settings", "one", "x"))
	wanted = append(wanted, hook("after", "argocd.argoproj.io/hook", "PostSync")...)
	wanted = append(wanted, hook("before", "helm.sh/hook", "pre-install,pre-upgrade")...)
	plan, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	var told []string
	_, err = apply.Carry(within(t, time.Minute), c, plan, func(object, state string) {
		if state == "created" || state == "ready" {
			told = append(told, strings.Replace(object, namespace+"/", "", 1)+" "+state)
		}
	})
	require.NoError(t, err)
	require.Equal(t, []string{"Job before created", "Job before ready", "ConfigMap settings created", "Job after created"}, told)
}

func TestAWaveWaitsForTheJobThatWasMadeAnew(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	deploy := func(run, command, fields string) ([]write.Change, error) {
		before := migration(t, namespace, run, command)
		before[0].SetAnnotations(map[string]string{managed.WaveAnnotation: "-1"})
		if fields != "" {
			require.NoError(t, unstructured.SetNestedStringMap(before[0].Object, map[string]string{"nowhere": fields}, "spec", "template", "spec", "nodeSelector"))
			require.NoError(t, unstructured.SetNestedField(before[0].Object, int64(1), "spec", "activeDeadlineSeconds"))
		}
		return apply.Apply(within(t, time.Minute), c, append(before, clustertest.Objects(t, namespace, configMap("settings", run, run))...), apply.Options{})
	}
	_, err := deploy("one", "exit 0", "")
	require.NoError(t, err)
	changes, err := deploy("two", "exit 00", "here")
	failed := clustertest.RequireClass(t, err, cluster.Crash)
	require.Contains(t, failed.Error(), "Job "+namespace+"/migrate: failed: it was not complete after its activeDeadlineSeconds of 1")
	require.Equal(t, map[string]write.Action{"Job migrate": write.Configured}, actions(changes), "what comes after it is as it was")
	require.Eventually(t, func() bool { // its pod is ended first
		conditions := migrations(t, c, namespace)[0].Status.Conditions
		return slices.ContainsFunc(conditions, func(condition batchv1.JobCondition) bool { return condition.Type == batchv1.JobFailed })
	}, 10*time.Second, 50*time.Millisecond)
	_, err = deploy("three", "exit 000", "")
	require.NoError(t, err, "one that has failed is replaced, too")
}
