package integration

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-cd/slipway/ci/cluster"
	"github.com/slipway-cd/slipway/ci/cluster/apply"
	"github.com/slipway-cd/slipway/ci/cluster/clustertest"
	"github.com/slipway-cd/slipway/ci/cluster/lock"
	"github.com/slipway-cd/slipway/ci/cluster/managed"
	"github.com/slipway-cd/slipway/ci/cluster/records"
	"github.com/slipway-cd/slipway/scripts/light"
)

// incompressible returns ConfigMaps of 40 KB each that are so many MiB packed.
func incompressible(t *testing.T, namespace, run string, mib int) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for i := range mib << 20 / 30000 {
		bytes := make([]byte, 30000)
		_, _ = rand.Read(bytes)
		object := clustertest.Objects(t, namespace, configMap(fmt.Sprintf("large-%d", i), run, ""))[0]
		require.NoError(t, unstructured.SetNestedField(object.Object, base64.StdEncoding.EncodeToString(bytes), "data", "value"))
		out = append(out, object)
	}
	return out
}

func recordsIn(t *testing.T, c *cluster.Cluster, namespace string) []corev1.Secret {
	t.Helper()
	list, err := c.Typed.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: managed.LabelRecord})
	require.NoError(t, err)
	return list.Items
}

// divisionOf returns the id and the number of the parts of a run's release.
func divisionOf(t *testing.T, c *cluster.Cluster, namespace, run string) (id string, count int) {
	t.Helper()
	head, err := c.Typed.CoreV1().Secrets(namespace).Get(t.Context(), "slipway-release-"+run, metav1.GetOptions{})
	require.NoError(t, err)
	if head.Data["parts"] == nil {
		return "", 0
	}
	var told struct {
		ID     string
		Fields map[string]struct{ Count int }
	}
	require.NoError(t, json.Unmarshal(head.Data["parts"], &told))
	return told.ID, told.Fields["release"].Count
}

// leaveHeavyOnes skips a test that takes many seconds of the processor, with -short.
func leaveHeavyOnes(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("with -short: it takes many seconds of the processor")
	}
}

func TestAReleaseOfEightMiBIsRecordedReadAndForgotten(t *testing.T) {
	leaveHeavyOnes(t)
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	large := records.Release{Version: "1", Run: "large", Number: 1, Objects: incompressible(t, namespace, "large", 8)}
	require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &large))
	require.Greater(t, len(recordsIn(t, c, namespace)), 10)
	releases, bad, err := records.Releases(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Empty(t, bad)
	require.Equal(t, large.Objects, releases[0].Objects)

	releases[0].Version = "2" // written anew, the former parts go
	require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &releases[0]))
	_, count := divisionOf(t, c, namespace, "large")
	require.Len(t, recordsIn(t, c, namespace), 1+count)
	const kept = 5
	for i := range kept {
		small := records.Release{Version: "small", Run: fmt.Sprint(i), Number: 2}
		require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &small))
	}
	require.Len(t, recordsIn(t, c, namespace), kept, "something is left of the large one")
}

func TestALargeWayBackCanBeGoneByHand(t *testing.T) {
	leaveHeavyOnes(t)
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	former := incompressible(t, namespace, "one", 2)
	_, err := apply.Apply(t.Context(), c, former, apply.Options{})
	require.NoError(t, err)
	before := stateOf(t, c, namespace)
	wanted := incompressible(t, namespace, "two", 2)
	plan, err := apply.NewPlan(t.Context(), c, wanted, apply.Options{})
	require.NoError(t, err)
	record, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "two"}, plan, records.Release{})
	require.NoError(t, err)
	_, err = apply.Carry(t.Context(), c, plan, nil)
	require.NoError(t, err)
	require.NotEqual(t, before, stateOf(t, c, namespace))
	programs, err := light.Build(t.Context(), "../../..")
	require.NoError(t, err)
	for _, command := range record.ByHand() {
		shell := exec.CommandContext(t.Context(), "sh", "-c", command)
		shell.Env = append(os.Environ(), "KUBECONFIG="+os.Getenv("SLIPWAY_TEST_KUBECONFIG"), "PATH="+filepath.Dir(programs.Kubectl)+":"+os.Getenv("PATH"))
		out, err := shell.CombinedOutput()
		require.NoError(t, err, "%s: %s", command, out)
	}
	require.Equal(t, before, stateOf(t, c, namespace))
	require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &records.Release{Run: "three"}))
	require.Len(t, recordsIn(t, c, namespace), 1, "the parts of the way back are left")
}

func TestARecordWhoseWriterWasKilledBetweenThePartsIsNone(t *testing.T) {
	t.Parallel()
	for _, nth := range []int{1, 3} {
		t.Run(fmt.Sprint(nth), func(t *testing.T) {
			t.Parallel()
			s := newContest(t, false)
			s.paused.Objects = append(s.paused.Objects, incompressible(t, s.namespace, "paused", 2)...)
			s.gate.only, s.gate.nth = "/secrets/slipway-release-paused-", nth
			process := s.paused.start(t)
			<-s.gate.came
			process.signal(t, syscall.SIGKILL)
			close(s.gate.on)
			<-process.over
			releases, bad, err := records.Releases(t.Context(), s.c, s.namespace)
			require.NoError(t, err)
			require.Empty(t, bad)
			require.Equal(t, "one", releases[0].Run)
			s.completes(t)
			for _, secret := range recordsIn(t, s.c, s.namespace) {
				require.NotContains(t, secret.Name, "paused")
			}
		})
	}
}

func TestAReaderNeverSeesHalfARecord(t *testing.T) {
	leaveHeavyOnes(t)
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	release := records.Release{Run: "one", Version: "0", Objects: incompressible(t, namespace, "one", 2)}
	require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &release))
	written := make(chan error, 1)
	go func() {
		var err error
		for i := 1; i <= 8 && err == nil; i++ {
			release.Version = fmt.Sprint(i)
			err = records.SaveRelease(t.Context(), c, namespace, &release)
		}
		written <- err
	}()
	for reads := 0; ; reads++ {
		releases, bad, err := records.Releases(t.Context(), c, namespace)
		require.NoError(t, err)
		require.Empty(t, bad)
		require.Len(t, releases, 1)
		select {
		case err := <-written:
			require.NoError(t, err)
			require.Greater(t, reads, 3)
			return
		default:
		}
	}
}

func TestARecordThatCannotBeReadIsNamedAndTheOthersCount(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	secrets := c.Typed.CoreV1().Secrets(namespace)
	edit := func(name, data string) {
		_, err := secrets.Patch(t.Context(), name, types.MergePatchType, []byte(`{"data":{`+data+`}}`), metav1.PatchOptions{FieldManager: "kubectl-edit"})
		require.NoError(t, err)
	}
	whole := records.Release{Run: "whole", Version: "1", Number: 1}
	require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &whole))
	for number, run := range []string{"edited", "missing", "spoilt"} {
		made := records.Release{Run: run, Version: "2", Number: int32(number + 2)}
		if run != "edited" {
			made.Objects = incompressible(t, namespace, run, 1)
		}
		require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &made))
		head := "slipway-release-" + run
		id, _ := divisionOf(t, c, namespace, run)
		part := head + "-" + id + "-release-0001"
		switch run {
		case "edited":
			edit(head, `"release":"H4sI"`)
		case "missing":
			require.NoError(t, secrets.Delete(t.Context(), part, metav1.DeleteOptions{}))
		case "spoilt":
			edit(part, `"release":"AAAA"`)
		}
	}
	releases, bad, err := records.Releases(t.Context(), c, namespace)
	require.NoError(t, err)
	require.Len(t, releases, 1)
	require.Equal(t, "whole", releases[0].Run)
	causes := map[string]string{}
	for _, b := range bad {
		causes[strings.TrimPrefix(b.Secret, namespace+"/slipway-release-")] = b.Cause
		require.Equal(t, "kubectl -n "+namespace+" delete secret "+strings.TrimPrefix(b.Secret, namespace+"/"), b.Remove)
	}
	require.Equal(t, map[string]string{"edited": "unexpected EOF", "missing": "1 of its 2 parts of release are there", "spoilt": "its parts of release were edited"}, causes)
}

func TestTheLeaseThatFollowsADeletedOneHasAHigherNumber(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	require.NoError(t, records.SaveRelease(t.Context(), c, namespace, &records.Release{Run: "one", Number: 41}))
	lease, err := lock.Lock(within(t, time.Minute), c, namespace, "production", "two", nil)
	require.NoError(t, err)
	require.EqualValues(t, 42, lease.Number())
	require.NoError(t, lease.Unlock(context.WithoutCancel(t.Context())))
}

func TestARecordThereIsNoRoomForIsRefusedBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	c := connect(t)
	namespace := newNamespace(t, c)
	plan, err := apply.NewPlan(t.Context(), c, clustertest.Objects(t, namespace, configMap("a", "one", "x")), apply.Options{})
	require.NoError(t, err)
	save := func(next records.Release) error {
		_, err := records.SaveUndo(t.Context(), c, records.UndoRecord{Namespace: namespace, Run: "one"}, plan, next)
		return err
	}
	require.ErrorContains(t, clustertest.RequireClass(t, save(records.Release{Run: "one", Objects: incompressible(t, namespace, "one", 65)}), cluster.Misconfigured), "at most 64 MiB are kept")
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "few"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"secrets": apiresource.MustParse("3")}}}
	_, err = c.Typed.CoreV1().ResourceQuotas(namespace).Create(t.Context(), quota, metav1.CreateOptions{})
	require.NoError(t, err)
	err = save(records.Release{Run: "one", Objects: incompressible(t, namespace, "one", 2)})
	require.ErrorContains(t, clustertest.RequireClass(t, err, cluster.Admission), "it leaves room for 3 more secrets, and 5 would be created")
	require.Empty(t, recordsIn(t, c, namespace))
}
